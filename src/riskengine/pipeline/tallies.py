"""What decisions turn out to be, as metrics: outcomes, scores, and the rules behind them."""

from collections import Counter as Tally
from collections.abc import Iterable, Sequence

from prometheus_client import Counter

from riskengine.domain.decision import Decision
from riskengine.domain.outcome import Outcome
from riskengine.telemetry.bulk_histogram import BulkHistogram

MOST_RULES = 500
"""Rules that a process names in its metrics, all rule sets that it ran together: a metric has a series for each."""

OTHERS = "others"
"""What further ones are called."""

_decided = Counter("riskengine_decided_total", "Transactions decided", ["outcome"])
_outcomes = {outcome: _decided.labels(outcome) for outcome in Outcome}
_scores = BulkHistogram(
    "riskengine_score",
    "Scores of decisions, from 0 to 100",
    (0, 5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100),
).of()
_fired = Counter("riskengine_rule_fired_total", "Decisions that a rule had a part in", ["rule"])
_shadow = Counter(
    "riskengine_rule_shadow_fired_total", "Decisions in which a rule fired in shadow mode, or snoozed", ["rule"]
)


class _ByRule:
    """A counter for each rule, up to MOST_RULES."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._of: dict[str, Counter] = {}

    def add(self, rules: Iterable[str]) -> None:
        """Counts each of them once."""
        for rule, count in Tally(rules).items():
            (self._of.get(rule) or self._named(rule)).inc(count)

    def _named(self, rule: str) -> Counter:
        if len(self._of) >= MOST_RULES:
            return self._counter.labels(OTHERS)
        self._of[rule] = found = self._counter.labels(rule)
        return found


_fired_by_rule, _shadow_by_rule = _ByRule(_fired), _ByRule(_shadow)


def note(decisions: Sequence[Decision]) -> None:
    """Counts decisions that PostgreSQL took."""
    verdicts = [decision.verdict for decision in decisions]
    for outcome, count in Tally([verdict.outcome for verdict in verdicts]).items():
        _outcomes[outcome].inc(count)
    _scores.add([verdict.score for verdict in verdicts])
    _fired_by_rule.add([rule for verdict in verdicts for rule in verdict.rules])
    _shadow_by_rule.add([rule for verdict in verdicts for rule in verdict.shadow])
