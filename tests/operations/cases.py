"""What a case of an alert is, and how most of them are told: what is well, and what is not."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from riskengine.operations.alerts import BY_NAME
from tests.operations.series import EVERY_S, Levels, Phase

BEFORE_S = 600
"""Seconds in which all is well before anything happens: no window of an expression is longer."""

AFTER_S = 900
"""Seconds for which what must not fire is watched, beyond the alert's duration."""


class Kind(StrEnum):
    """What a case shows."""

    FIRES = "fires"
    WELL = "all is well"
    AT_THRESHOLD = "exactly at the threshold"
    TOO_SHORT = "just short of the duration"
    TRAP = "looks like it, and is not"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Series, and when the alert fires on them: from a second on, to the last before it ends; or never."""

    alert: str
    kind: Kind
    phases: tuple[Phase, ...]
    fires_s: int | None = None
    ends_s: int | None = None
    slack_s: int = 0
    """Seconds by which it may fire earlier: versions of Prometheus differ in what belongs to a window."""
    watched_s: int = 0
    """Whether it fires is looked at from then on."""
    begins_at: float = 0
    """Where counters begin: those with labels do so with their first increment."""
    given: str = ""

    @property
    def lasts_s(self) -> int:
        return sum(phase.lasts_s for phase in self.phases)

    @property
    def title(self) -> str:
        return f"{self.alert}: {self.kind}{self.given and f', {self.given}'}"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An alert by what is well and what is bad; `at`, where its rule has a threshold, is bad by nothing at all.

    `late_s` is how much later than the first scrape the expression sees what is bad: rates need two, windows more.
    `short_s` is for how long it may be bad without anybody being told, beside the alert's duration; negative where
    windows prolong it.
    """

    alert: str
    well: Levels
    bad: Levels
    at: Levels | None = None
    late_s: int = 0
    short_s: int = 0
    slack_s: int = 0

    def cases(self) -> Iterator[Case]:
        """A case of each kind."""
        hold_s = int(BY_NAME[self.alert].rule.hold_s)
        before, after = Phase(BEFORE_S, self.well), Phase(hold_s + AFTER_S, self.well)
        fires_s = BEFORE_S + self.late_s + hold_s
        bad_s = self.late_s + hold_s + 10 * EVERY_S
        yield Case(
            alert=self.alert,
            kind=Kind.FIRES,
            phases=(before, Phase(bad_s, self.bad), after),
            fires_s=fires_s,
            ends_s=BEFORE_S + bad_s,
            slack_s=self.slack_s,
        )
        yield Case(alert=self.alert, kind=Kind.WELL, phases=(after,))
        if hold_s:
            short = Phase(max(hold_s + self.short_s, EVERY_S), self.bad)
            yield Case(alert=self.alert, kind=Kind.TOO_SHORT, phases=(before, short, after))
        if self.at is not None:
            at = Phase(hold_s + AFTER_S, self.at)
            yield Case(alert=self.alert, kind=Kind.AT_THRESHOLD, phases=(before, at))
