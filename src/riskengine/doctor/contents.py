"""Checks of what PostgreSQL holds: months, what runs, dead letters, rollups, and room for more."""

from riskengine import wiring
from riskengine.archive.overview import overview
from riskengine.doctor.configuration import room
from riskengine.doctor.finding import Finding, fail, ok, warn
from riskengine.doctor.patient import Patient
from riskengine.domain import clock
from riskengine.pipeline.running import Running
from riskengine.storage import dead_letters, disk, rollups
from riskengine.storage.dead_letters import Selection

BEHIND_S = 60.0
"""Seconds of decisions that analytics may lack: what workers leave is a second or two."""


async def months(patient: Patient) -> Finding:
    """Whether the tables of all months are whole, and no row lies where no month is."""
    check = "partitions"
    for row in await patient.database.fetch("partition_defaults"):
        says = f"{row['name']} takes rows of all other months (about {row['rows']} now): those cannot be made then"
        return warn(check, says, "move its rows into months of their own, and drop it")
    every = await overview(patient.database, clock.now_ms())
    interrupted = [month.month for month in every if month.state == "interrupted"]
    if interrupted:
        says = f"{', '.join(interrupted)}: archived or made half-way"
        return warn(check, says, "give the same command of `riskengine partitions` again: it goes on")
    live = [month.month for month in every if month.state == "live"]
    return ok(check, f"{len(live)} months, {live[0]} to {live[-1]}" if live else "no month")


async def engine(patient: Patient) -> Finding:
    """Whether what is published can be run here: compiled, and the model opened and tried, as a new process would."""
    running = await Running.start(patient.database, wiring.builder(patient.database))
    model = "no model" if running.runs.model is None else f"model {running.runs.model} opened and tried"
    return ok("engine", f"rule set {running.runs.ruleset} compiled, {model}")


async def letters(patient: Patient) -> Finding:
    """Whether there is something that nobody will decide until a person looks at it."""
    causes = [cause for cause in await dead_letters.causes(patient.database, Selection()) if cause.open]
    if not causes:
        return ok("dead letters", "none is open")
    most = max(causes, key=lambda cause: cause.open)
    says = f"{sum(cause.open for cause in causes)} are open, {most.open} of them by {most.error_class}: {most.error}"
    return warn("dead letters", says, "`riskengine dlq stats`; correct what they say, then `riskengine dlq replay`")


async def counted(patient: Patient) -> Finding:
    """Whether analytics are up to date."""
    async with patient.database.connection() as connection:
        stand = await rollups.stand(connection)
    if stand.foreign:
        todo = "`riskengine rollups rebuild`"
        return fail("rollups", "the database came from another server: nothing is added to analytics", todo)
    if not stand.whole:
        return warn("rollups", "not whole: decisions of before are being counted", "wait; a worker does it")
    if stand.as_of is None:
        return ok("rollups", "no worker has begun to count yet")
    behind = (stand.now - stand.as_of).total_seconds()
    says = f"{behind:.0f} s behind"
    if behind > BEHIND_S and stand.position < stand.newest:
        todo = "start a worker; if one lives, end transactions that are open for long (pg_stat_activity)"
        return warn("rollups", says, todo)
    return ok("rollups", says if stand.position < stand.newest else "all is counted")


async def space(patient: Patient) -> Finding:
    """Whether PostgreSQL has room, where that can be seen from here."""
    kept = await disk.get(patient.database)
    says = f"the database has {kept.bytes / 2**20:,.0f} MiB"
    if kept.directory is None or not kept.directory.is_dir():
        return ok("disk", f"{says}; how much is free is not to be seen from here")
    return room("disk", kept.directory, says)


CHECKS = (months, engine, letters, counted, space)
"""In this order; they need the schema."""
