"""What came of many decisions: counts, and how well they agree with the truth where it is known."""

from collections import Counter

import msgspec

from riskengine.domain.outcome import Level, Outcome
from riskengine.lab.offline import Scored


class Quality(msgspec.Struct, frozen=True):
    """How alerts agree with the truth. An alert is a transaction with one of the outcomes asked for.

    `precision` is the share of alerts that are fraud, `recall` the share of frauds with an alert; None where none are.
    """

    alerts: int
    frauds: int
    caught: int

    @property
    def precision(self) -> float | None:
        return self.caught / self.alerts if self.alerts else None

    @property
    def recall(self) -> float | None:
        return self.caught / self.frauds if self.frauds else None


class Tally:
    """Counts decisions as they are added; its size does not depend on how many there are."""

    def __init__(self) -> None:
        self.total = 0
        self.levels: Counter[Level] = Counter()
        self.outcomes: Counter[Outcome] = Counter()
        self.rules: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()
        self.attacks: dict[str, Counter[Outcome]] = {}
        self.examples: dict[Outcome, Scored] = {}
        self._by_label: Counter[tuple[str, Outcome]] = Counter()

    def add(self, scored: Scored) -> None:
        """Counts one decision, and keeps it as an example if none of its outcome has a higher score."""
        verdict, record = scored.verdict, scored.record
        self.total += 1
        self.levels[verdict.level] += 1
        self.outcomes[verdict.outcome] += 1
        self.rules.update(verdict.rules)
        example = self.examples.get(verdict.outcome)
        if example is None or verdict.score > example.verdict.score:
            self.examples[verdict.outcome] = scored
        if record.label is not None:
            self.labels[record.label] += 1
            self._by_label[record.label, verdict.outcome] += 1
        if record.label == "fraud" and record.attack is not None:
            self.attacks.setdefault(record.attack, Counter())[verdict.outcome] += 1

    def quality(self, *alerting: Outcome) -> Quality:
        """How well the alerts of the given outcomes find the frauds among the labelled transactions."""
        caught = sum(self._by_label["fraud", outcome] for outcome in alerting)
        false = sum(self._by_label["legitimate", outcome] for outcome in alerting)
        return Quality(alerts=caught + false, frauds=self.labels["fraud"], caught=caught)
