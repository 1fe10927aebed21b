"""What one alert is: the rule that Prometheus evaluates, and all that a person who is told of it needs."""

from enum import StrEnum

import msgspec

from riskengine.operations.signals import DEFINITIONS, Condition


class Severity(StrEnum):
    """Who is to act."""

    CRITICAL = "critical"
    """Somebody, now: users notice, or will within minutes."""
    WARNING = "warning"
    """Somebody, today: it works, and will not for ever."""
    SCALING = "scaling"
    """The autoscaler; people only where none runs."""


class Rule(msgspec.Struct, frozen=True):
    """What Prometheus evaluates."""

    value: str
    """PromQL of what is looked at; without a threshold it gives a series only while something is wrong."""
    hold_s: float
    """Seconds for which it must be so without a break before anybody is told."""
    unit: str = ""
    """Of the value: `s`, `1` for a share, else what is counted."""
    threshold: float | None = None
    """The value beyond which something is wrong; None where that is no single figure. Dashboards draw it."""
    below: bool = False
    """Whether it is below the threshold that something is wrong."""

    condition: Condition | None = None
    """The condition that it was made of; None where it looks at more than a signal. `riskengine top` evaluates it."""

    @property
    def expression(self) -> str:
        """PromQL that gives a series while something is wrong, and none while all is well or nothing is known."""
        if self.threshold is None:
            return self.value
        return f"{self.value} {'<' if self.below else '>'} {self.threshold:g}"

    @classmethod
    def of(cls, condition: Condition) -> "Rule":
        """The rule that a condition of a signal makes."""
        of = DEFINITIONS[condition.signal]
        return cls(of.promql, condition.hold_s, of.unit, condition.threshold, condition.below, condition)


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A rule and its page. Texts are Markdown, whole sentences, and speak of what exists."""

    name: str
    severity: Severity
    rule: Rule
    summary: str
    """What is so, in one line without a full stop."""
    meaning: str
    """What it means for the engine."""
    feel: str
    """What users notice."""
    why: str
    """Why this threshold, and this duration."""
    causes: tuple[str, ...]
    """What it usually comes from, the likeliest first."""
    todo: tuple[str, ...]
    """What to do, in this order."""
    demands: tuple[str, ...] = ()
    """The demands of the specification that it meets."""
    action: str | None = None
    """What an autoscaler is to do."""
    related: tuple[str, ...] = ()
    """Metrics that tell more, beside those of the expression."""
