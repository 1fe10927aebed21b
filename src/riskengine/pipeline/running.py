"""The engine that a process runs: what is published, built aside and put in place between two batches."""

import asyncio

import structlog
from prometheus_client import Counter, Gauge, Histogram

from riskengine.domain.decision import Versions
from riskengine.domain.errors import Unavailable
from riskengine.domain.release import RunningVersions
from riskengine.pipeline.building import Builder, Parts
from riskengine.pipeline.kept import Kept
from riskengine.scoring.engine import Engine
from riskengine.scoring.money import Rates
from riskengine.storage import running as storage
from riskengine.storage.database import Database

MOST_ENGINES = 8
"""Old engines kept in memory: a screen of explanations spans few versions. One has about a megabyte, a model more."""

MOST_RATES = 128
"""Old tables of rates kept in memory: one a day for the longest window, and then some. One has about 20 kB."""

LONGEST_PROBLEM = 500
"""Characters of a problem that are told; the log has all of it."""

_KINDS = ("ruleset", "catalogue", "rates", "model", "lists")

_version = Gauge("riskengine_running_version", "The version that this process runs; 0: none", ["kind"])
_seconds = Histogram(
    "riskengine_reload_seconds",
    "Seconds from reading what is to run until it runs",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
_failures = Counter("riskengine_reload_failures_total", "Times this process could not run what was published")
_log = structlog.get_logger()


class Running:
    """The engines of a process (`pipeline.engines.Engines`): the published one, and old ones on demand.

    The engine changes as a whole or not at all. What this process cannot use leaves the one before in place.
    """

    def __init__(self, database: Database, builder: Builder, runs: RunningVersions, parts: Parts) -> None:
        self._database = database
        self._builder = builder
        self._refreshing = asyncio.Lock()
        self._old = Kept(self._build, MOST_ENGINES, "engine")
        self._rates = Kept(builder.rates, MOST_RATES, "rates")
        self._tried = runs.generation
        self._problem: str | None = None
        self._take(runs, parts.engine())

    @classmethod
    async def start(cls, database: Database, builder: Builder) -> "Running":
        """What is published now. Raises Unavailable, and ConfigurationError if nothing is, or it cannot be used."""
        runs = await storage.get(database)
        return cls(database, builder, runs, await builder.present(runs.versions))

    @property
    def engine(self) -> Engine:
        """The engine to decide with now."""
        return self._engine

    @property
    def runs(self) -> RunningVersions:
        """What this process runs, which may not be the newest yet."""
        return self._runs

    @property
    def problem(self) -> str | None:
        """Why this process does not run the newest, if it has tried."""
        return self._problem

    async def refresh(self) -> bool:
        """Looks at what is to run, and runs it. Says whether that, or the problem with it, is new. Raises Unavailable.

        What cannot be used is tried once, and then the next time something is published.
        """
        async with self._refreshing:
            wanted = await storage.get(self._database)
            if wanted.generation == self._tried:
                return False
            with _seconds.time():
                await self._move_to(wanted)
            return True

    async def rates(self, version: int) -> Rates:
        """A table of rates, also an old one. Raises NotFound, Unavailable and ConfigurationError."""
        if version == self._engine.rates.version:
            return self._engine.rates
        return await self._rates.get(version)

    async def of(self, versions: Versions) -> Engine:
        """The engine of these versions. Raises NotFound, Unavailable, and ConfigurationError if one is unusable now."""
        if versions == self._engine.versions:
            return self._engine
        return await self._old.get(versions)

    async def _move_to(self, wanted: RunningVersions) -> None:
        goes_on = wanted.generation > self._runs.generation
        if not goes_on:  # the database was restored from a backup: the same numbers may come to mean something else
            self._old.clear()
            self._rates.clear()
            self._builder.forget()
        try:
            parts = await self._builder.present(wanted.versions)
            engine = await asyncio.to_thread(parts.engine)
        except Unavailable:
            raise
        except Exception as error:  # whatever is wrong with it: deciding goes on with what there is
            self._problem = f"{type(error).__name__}: {error}"[:LONGEST_PROBLEM]
            _failures.inc()
            _log.exception("release_unusable", generation=wanted.generation, still=self._runs.generation)
        else:
            if goes_on:
                self._old.put(self._engine.versions, self._engine)  # answers on what it decided are still to be made
            self._take(wanted, engine)
            self._problem = None
        self._tried = wanted.generation

    def _take(self, runs: RunningVersions, engine: Engine) -> None:
        self._runs, self._engine = runs, engine
        for kind in _KINDS:
            _version.labels(kind).set(getattr(runs, kind) or 0)

    async def _build(self, versions: Versions) -> Engine:
        parts = await self._builder.parts(versions)
        return await asyncio.to_thread(parts.engine)
