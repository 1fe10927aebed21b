"""Checks of PostgreSQL."""

import time

from riskengine import wiring
from riskengine.doctor.clocks import clock_finding
from riskengine.doctor.finding import Finding, fail, ok, warn
from riskengine.doctor.patient import Patient
from riskengine.domain import clock
from riskengine.domain.clock import SECOND
from riskengine.domain.month import Month
from riskengine.storage import connections, migrate, partitions
from riskengine.storage import server as servers

TRIED_WITH = 18
"""The version of PostgreSQL that everything is tried with."""

BUSY = 0.8
"""Share of the connections above which the rest is soon gone."""


async def reachable(patient: Patient) -> Finding:
    """Whether it answers, and how soon. Raises what it says if it does not."""
    await patient.database.ping()  # makes the connection
    begun = time.monotonic()
    await patient.database.ping()
    return ok("PostgreSQL", f"answers within {(time.monotonic() - begun) * SECOND:.1f} ms")


async def version(patient: Patient) -> Finding:
    """Whether it is one that was tried."""
    server = await servers.get(patient.database)
    if server.major < TRIED_WITH:
        todo = f"everything is tried with {TRIED_WITH}: move to it"
        return warn("PostgreSQL version", server.version, todo)
    return ok("PostgreSQL version", server.version)


async def schema(patient: Patient) -> Finding:
    """Whether the schema is this version's."""
    stands = await migrate.standing(patient.database)
    if stands.newer:
        says = f"at {stands.at}, which this riskengine does not know"
        return warn("schema", says, "run a riskengine as new as the schema")
    if stands.at != stands.head:
        says = f"at {stands.at}, not at {stands.head}; pending: {', '.join(stands.pending)}"
        return fail("schema", says, "run `riskengine migrate`")
    return ok("schema", f"at {stands.head}")


async def months(patient: Patient) -> Finding:
    """Whether there are partitions for what is accepted now, and for what will be."""
    now = clock.now_ms()
    missing = await partitions.missing(patient.database, now)
    if Month.of(now) in missing:
        return fail("months", "this month has no partition: nothing can be accepted", "run `riskengine migrate`")
    if missing:
        return warn(
            "months", f"no partitions for {', '.join(map(str, missing))}", "start a worker, or run `riskengine migrate`"
        )
    return ok("months", f"this one and {partitions.MONTHS_AHEAD} ahead have partitions")


async def budget(patient: Patient) -> Finding:
    """Whether all living processes may have all their connections at once."""
    if patient.settings.pooled:
        return ok("connections at most", "a pooler gives them: not counted here")
    needed = await wiring.connection_budget(patient.database, patient.settings)
    if not needed.fits:
        return warn("connections at most", str(needed), "fewer processes, smaller pools, or a higher max_connections")
    return ok("connections at most", str(needed))


async def in_use(patient: Patient) -> Finding:
    """Who has connections now."""
    now, capacity = await connections.now(patient.database), await connections.capacity(patient.database)
    taken = sum(now.values())
    says = f"{taken} of {capacity}: " + ", ".join(f"{count} {name}" for name, count in now.items())
    if taken > BUSY * capacity:
        return warn("connections now", says, "see who has so many; a higher max_connections, or a pooler")
    return ok("connections now", says)


async def clocks(patient: Patient) -> Finding:
    """Whether this machine and PostgreSQL agree on the time."""
    before = clock.now_ms()
    server = await servers.get(patient.database)
    return clock_finding("clocks", "PostgreSQL's", before, server.now_ms, clock.now_ms())


CHECKS = (reachable, version, schema, months, budget, in_use, clocks)
"""In this order. Without the first the others have nothing to look at."""
