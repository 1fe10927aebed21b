"""Waiting until every living process runs what was published."""

import asyncio

import msgspec

from riskengine.domain.release import ProcessReport, Publication
from riskengine.pipeline.publishing import Publishing

PATIENCE = 15.0
"""Seconds: a change takes less than one, a process that died is taken for living for ten."""

LOOK_EVERY = 0.05
"""Seconds between looks."""


class Liveness(msgspec.Struct, frozen=True):
    """How far a publication has come: the processes that run it, those that do not, and the seconds it took."""

    current: tuple[ProcessReport, ...]
    late: tuple[ProcessReport, ...]
    seconds: float


async def everywhere(publishing: Publishing, publication: Publication) -> Liveness:
    """Returns when all processes run it, or something newer, and at the latest after PATIENCE."""
    now = asyncio.get_running_loop().time
    started = now()
    while True:
        reports = await publishing.processes()
        current = tuple(report for report in reports if report.running.generation >= publication.generation)
        late = tuple(report for report in reports if report not in current)
        seconds = now() - started
        if not late or seconds > PATIENCE:
            return Liveness(current, late, seconds)
        await asyncio.sleep(LOOK_EVERY)
