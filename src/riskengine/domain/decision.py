"""Verdicts and decisions: what scoring says of a transaction, and what is stored of it for ever."""

from typing import Literal
from uuid import UUID

import msgspec

from riskengine.domain.outcome import Level, Outcome

ReasonPart = Literal["rules", "behaviour", "model", "note"]


class Parts(msgspec.Struct, frozen=True, gc=False):
    """The scores a composite is made of, each 0..100, with the weight each had. `model` is None where there is none."""

    rules: float
    behaviour: float
    model: float | None
    rules_weight: float
    behaviour_weight: float
    model_weight: float


class Versions(msgspec.Struct, frozen=True, gc=False):
    """What was in force when a verdict was reached, so that it can be reached again. `model` is None without one."""

    ruleset: int
    catalogue: int
    rates: int
    lists: int = 0
    model: int | None = None


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What the pure scoring core says of one transaction.

    `score` is 0..100. `rules` are the ids of the rules that fired, in the order of the rule set; those in `shadow`
    fired, too, but did not count: they are in shadow mode, or snoozed. `features` are float32-rounded values in the
    order of the catalogue; a missing one is NaN. `degraded` names parts that should have had a say and had none.
    """

    transaction_id: UUID
    account_id: str
    score: float
    level: Level
    outcome: Outcome
    parts: Parts
    rules: tuple[str, ...]
    features: tuple[float, ...]
    versions: Versions
    shadow: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()


class Decision(msgspec.Struct, frozen=True, gc=False):
    """A verdict that is stored: it has its place in the account's order, and a time.

    `account_sequence` counts the account's decisions and changes from 1: replaying an account in this order gives the
    same features. `decided_at` is milliseconds since the epoch.
    """

    verdict: Verdict
    account_sequence: int
    decided_at: int


class Reason(msgspec.Struct, frozen=True):
    """Why, in one line a person can read.

    `code` names what it is: a rule, a habit (BEHAVIOUR_...), a feature that the model looked at (MODEL_...), or a note.
    `impact` is what it gave to its part (0..100; of a feature, negative where it lowered it), `points` what that was
    of the score, by the part's weight; a note gave nothing. `values` is what it saw, numbers with 7 significant digits.
    """

    code: str
    description: str
    impact: float
    values: dict[str, float | str | None]
    part: ReasonPart = "rules"
    points: float = 0.0
