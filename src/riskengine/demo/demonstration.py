"""The demonstration itself: a sample sent to a running stack, followed until all is decided, audited and verified."""

import asyncio
import time

import msgspec
from rich.console import Console

from riskengine import wiring
from riskengine.client.requests import Requests
from riskengine.demo import examples, results, summary
from riskengine.demo.display import Display, Moment, display
from riskengine.demo.journal import Journal
from riskengine.demo.sample import Sample
from riskengine.demo.sender import Sender
from riskengine.pipeline.proof.audit import Audit, audit
from riskengine.pipeline.proof.report import Report
from riskengine.pipeline.running import Running
from riskengine.pipeline.verify import verify
from riskengine.storage.database import Database
from riskengine.storage.replays import Span

POLL_S = 0.5
"""Seconds between two looks at the database: often enough for the eye, and no load."""

PATIENCE_S = 60.0
"""Seconds without any new decision after which the rest is given up: the audit then says what is missing."""


class Findings(msgspec.Struct, frozen=True):
    """What came of it: the audit, the decisions executed again, and what the API refused."""

    audit: Audit
    proof: Report
    refused: list[str]

    @property
    def sound(self) -> bool:
        """Whether all that was sent was accepted, and has exactly one decision, the same when it is executed again."""
        return not self.audit.faults and not self.refused and self.proof.sound


async def run(to: Requests, admin: Requests, database: Database, sample: Sample, console: Console) -> Findings:
    """Sends the sample, shows the progress and then the summary, audits and verifies. Raises what sending raises."""
    journal = Journal(len(sample.submissions))
    started = time.monotonic()
    with display(console) as shown:
        await _follow(Sender(to, admin, sample, journal), journal, database, shown)
    seconds = time.monotonic() - started
    found = await results.collect(database)
    explained = await examples.fetch(to, found.examples)
    summary.show(console, journal, found, explained, seconds)
    checked = await audit(database, list(journal.accepted))
    summary.show_audit(console, checked, journal.refused)
    with console.status("Executing all decisions again"):
        proof = await verify(database, await Running.start(database, wiring.builder(database)), Span())
    summary.show_proof(console, proof)
    return Findings(checked, proof, journal.refused)


async def _follow(sender: Sender, journal: Journal, database: Database, shown: Display) -> None:
    """Shows how things stand until all that is accepted is decided, or nothing has moved for PATIENCE_S."""
    started = moved = time.monotonic()
    decided = 0
    sending = asyncio.create_task(sender.run())
    try:
        while not sending.done() or (decided < len(journal.accepted) and time.monotonic() - moved < PATIENCE_S):
            await asyncio.sleep(POLL_S)
            levels = await results.levels(database)
            now = time.monotonic()
            if sum(levels.values()) > decided:
                decided, moved = sum(levels.values()), now
            shown.show(Moment.of(journal, levels, now - started))
    finally:
        sending.cancel()
        await asyncio.wait([sending])
    await sending
