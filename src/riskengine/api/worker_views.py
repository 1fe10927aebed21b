"""Workers and their queue as they are shown."""

from typing import Annotated

import msgspec
from msgspec import Meta

from riskengine.api.views import Time, time
from riskengine.domain import clock
from riskengine.domain.decision import Versions
from riskengine.pipeline.fleet import Fleet, WorkerReport
from riskengine.streaming.queue import Backlog

Lag = Annotated[float, Meta(description="seconds since the oldest message that is not acknowledged was published")]


class WorkerView(msgspec.Struct, frozen=True):
    """A living worker. `problem` says why it cannot run what it should."""

    process_id: str
    started_at: Time
    seen_at: Time
    versions: Versions
    problem: str | None
    rate: Annotated[float, Meta(description="transactions decided a second, over its last ten seconds")]
    pending: Annotated[int, Meta(description="messages delivered to it and not acknowledged")]

    @classmethod
    def of(cls, report: WorkerReport) -> "WorkerView":
        """The worker as it is shown."""
        process = report.process
        return cls(
            process_id=process.process_id,
            started_at=time(process.started_at),
            seen_at=time(process.seen_at),
            versions=process.running.versions,
            problem=process.problem,
            rate=round(process.rate, 1),
            pending=report.pending,
        )


class PartitionView(msgspec.Struct, frozen=True):
    """What is on one stream of the queue."""

    stream: str
    depth: Annotated[int, Meta(description="messages on it, delivered or not")]
    lag_s: Lag

    @classmethod
    def of(cls, backlog: Backlog, now: int) -> "PartitionView":
        """The stream as it is shown at a time, in milliseconds since the epoch."""
        lag = 0 if backlog.oldest is None else max(0, now - backlog.oldest)
        return cls(backlog.stream, backlog.depth, lag / clock.SECOND)


class QueueView(msgspec.Struct, frozen=True):
    """What is in the queue, on all its streams together and on each."""

    depth: Annotated[int, Meta(description="messages in it, delivered or not")]
    lag_s: Lag
    left_behind: Annotated[int, Meta(description="messages that workers had which live no more: others take them over")]
    partitions: list[PartitionView]


class WorkersView(msgspec.Struct, frozen=True):
    """The living workers, and the queue that they read."""

    workers: list[WorkerView]
    queue: QueueView

    @classmethod
    def of(cls, fleet: Fleet, now: int) -> "WorkersView":
        """All of it as it is shown at a time, in milliseconds since the epoch."""
        partitions = [PartitionView.of(backlog, now) for backlog in fleet.backlogs]
        depth, lag = sum(each.depth for each in partitions), max(each.lag_s for each in partitions)
        queue = QueueView(depth, lag, fleet.left_behind, partitions)
        return cls([WorkerView.of(report) for report in fleet.workers], queue)
