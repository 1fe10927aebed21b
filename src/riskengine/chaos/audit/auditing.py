"""The whole audit."""

from collections.abc import Sequence

from riskengine import wiring
from riskengine.chaos.audit import bounds, holdings, letters, promises, windows
from riskengine.chaos.audit.findings import Check, Findings
from riskengine.chaos.conductor import Event
from riskengine.chaos.meter import Sample
from riskengine.chaos.poison import Poison
from riskengine.chaos.record import Record
from riskengine.pipeline.proof.report import Report
from riskengine.pipeline.running import Running
from riskengine.pipeline.verify import verify
from riskengine.storage.database import Database
from riskengine.storage.replays import Span


async def audit(
    database: Database, record: Record, poison: Poison, samples: Sequence[Sample], events: Sequence[Event]
) -> Findings:
    """Checks all there is to check. Raises Unavailable."""
    running = await Running.start(database, wiring.builder(database))
    names = running.engine.catalogue.names
    held = await holdings.read(database, [names.index(name) + 1 for name in windows.FEATURES])
    proof = await verify(database, running, Span(), shared=False)
    return Findings(
        (
            *promises.checks(record, held, poison.unscorable.keys()),
            _identical(proof),
            windows.check(record, held, running.engine.rates.rates),
            *letters.checks(held, poison),
            *bounds.checks(samples, events),
        )
    )


def _identical(proof: Report) -> Check:
    """Also what is beyond exact memory counts here: no account of chaos has so many transactions."""
    words = [
        f"{one.transaction_id}: {one.field} is stored as {one.stored!r}, and came out as {one.replayed!r}"
        for one in proof.differences
    ]
    return Check(
        "decisions executed again are bit-identical", proof.total, proof.differing + proof.beyond, tuple(words)
    )
