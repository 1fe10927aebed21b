"""What came of one look: what is to be done, and what was considered and held back."""

from enum import StrEnum

import msgspec

from riskengine.autoscaling.policy import Action
from riskengine.stack.standing import Kind


class Why(StrEnum):
    """What keeps a rule, whose condition is met, from acting."""

    HOLD = "hold"
    """The condition has not held long enough yet."""
    MAXIMUM = "maximum"
    MINIMUM = "minimum"
    COOLDOWN = "cooldown"
    UP = "up"
    """Something of the same kind asks for more."""
    NEEDED = "needed"
    """Those that would remain could not carry what comes in."""
    AWAY = "away"
    """PostgreSQL or Valkey does not answer: more processes would not help, and fewer not be missed until it does."""
    UNKNOWN = "unknown"
    """A figure is missing that would tell whether those that would remain suffice."""


class Held(msgspec.Struct, frozen=True):
    """That a rule did not act, what held it back, and that in words with figures."""

    kind: Kind
    rule: str
    why: Why
    reason: str


class Verdict(msgspec.Struct, frozen=True):
    """What came of one look. At most one action for each kind."""

    actions: tuple[Action, ...]
    held: tuple[Held, ...]
