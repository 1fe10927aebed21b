"""The workers that live, what they have in hand, and what waits for them."""

import msgspec

from riskengine.domain.release import ProcessReport
from riskengine.storage import processes
from riskengine.storage.database import Database
from riskengine.streaming.queue import Backlog, Queue


class WorkerReport(msgspec.Struct, frozen=True):
    """A living worker. `pending` are messages that were delivered to it and are not acknowledged."""

    process: ProcessReport
    pending: int


class Fleet(msgspec.Struct, frozen=True):
    """All living workers, and what is on each stream.

    `left_behind` are messages that were delivered to workers that live no more: others take them over.
    """

    workers: list[WorkerReport]
    left_behind: int
    backlogs: list[Backlog]


async def look(database: Database, queue: Queue) -> Fleet:
    """How it is now. Raises Unavailable if PostgreSQL or the queue does not answer."""
    backlogs, holders = await queue.backlogs(), await queue.holders()
    workers = {report.process_id: report for report in await processes.living(database) if report.role == "worker"}
    pending = dict.fromkeys(workers, 0)
    left_behind = 0
    for consumer, held in holders.items():
        process_id = process_of(consumer)
        if process_id in pending:
            pending[process_id] += held
        else:
            left_behind += held
    return Fleet([WorkerReport(report, pending[id_]) for id_, report in workers.items()], left_behind, backlogs)


def consumer_name(process_id: str, number: int) -> str:
    """The name of a process's consumer of that number."""
    return f"{process_id}-{number}"


def process_of(consumer: str) -> str:
    """The process that a consumer belongs to."""
    return consumer.rpartition("-")[0]
