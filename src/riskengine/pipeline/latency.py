"""How long transactions waited for their decisions, from end to end."""

from collections.abc import Iterable

from riskengine.domain import clock, ids
from riskengine.domain.decision import Decision
from riskengine.telemetry.bulk_histogram import BulkHistogram

_latency = BulkHistogram(
    "riskengine_decision_latency_seconds",
    "Seconds from a transaction's acceptance until its decision is stored",
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0, 120.0, 600.0),
    "by",
)


class Latency:
    """The latency of decisions by one way: of the `queue`, or of senders that wait (`decision`)."""

    def __init__(self, by: str) -> None:
        self._seconds = _latency.of(by)

    def note(self, decisions: Iterable[Decision]) -> None:
        """Takes the time of decisions that PostgreSQL has just taken."""
        now = clock.now_ms()
        created = [ids.created_at_ms(decision.verdict.transaction_id) for decision in decisions]
        self._seconds.add([max(0, now - moment) / clock.SECOND for moment in created])
