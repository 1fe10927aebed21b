"""A read replica: how far it is behind, and whether it is one at all."""

import math
import time
from urllib.parse import urlsplit

import asyncpg
import structlog
from prometheus_client import Gauge

from riskengine.domain.errors import ConfigurationError, RiskEngineError, Unavailable
from riskengine.resilience.breaker import Breaker, Limits
from riskengine.storage import queries
from riskengine.storage.database import Database, Row
from riskengine.storage.position import PATIENCE, Position
from riskengine.storage.reach import Reach

SETTING = "DATABASE_REPLICA_URLS"
"""Where the addresses of replicas come from."""

_lag = Gauge("riskengine_replica_lag_seconds", "Seconds that a replica is behind the primary at most", ["replica"])
_up = Gauge("riskengine_replica_up", "Whether a replica may answer: 1, or 0 if it is away or no replica", ["replica"])
_log = structlog.get_logger()


class Replica:
    """One replica, as this process knows it. `name` is its host and port.

    What counts is a moment, by this process's clock: all that the primary had committed by then is here. So the lag
    grows by itself while nobody can be asked, and whether the primary is idle makes no difference.
    """

    def __init__(self, name: str, database: Database) -> None:
        self.name = name
        self._database = database
        self._as_of = -math.inf
        self._trusted = False
        self._trouble: str | None = None
        _lag.labels(name).set_function(self.lag)
        self._up = _up.labels(name)
        self._up.set(0)

    @classmethod
    async def connect(cls, url: str, *, most: int, name: str, limits: Limits | None, pooled: bool) -> "Replica":
        """The replica at that address, which may be away: connections are made when they are needed."""
        address = urlsplit(url).netloc.rpartition("@")[2]
        breaker = Breaker(f"replica {address}", limits)
        reach = Reach(SETTING, pooled)
        return cls(address, await Database.connect(url, idle=0, most=most, name=name, breaker=breaker, reach=reach))

    def lag(self) -> float:
        """How many seconds it is behind at most; infinity before that was measured."""
        return max(0.0, time.monotonic() - self._as_of)

    def holds(self, seconds: float) -> bool:
        """Whether it answers, and with what the primary had so many seconds ago, or later."""
        return self._trusted and self.lag() <= seconds

    @property
    def up(self) -> bool:
        """Whether it answered as a replica when it was last asked."""
        return self._trusted

    @property
    def trouble(self) -> str | None:
        """Why it is not up, if that was found out."""
        return self._trouble

    async def fetch(self, query: str, *arguments: object) -> list[Row]:
        """The rows of the named statement, as far as it has got."""
        return await self._database.fetch(query, *arguments)

    def mistrust(self) -> None:
        """Leaves it alone until it is measured again: it failed."""
        self._set_trusted(False)

    async def check(self, primary: Position) -> None:
        """Measures it for the first time. Raises ConfigurationError if it is no replica of the primary."""
        try:
            await self._look(primary)
        except Unavailable as error:
            self._note(str(error))
        else:
            self._set_trusted(True)

    async def measure(self, primary: Position) -> None:
        """Finds out how far behind it is, and logs when it goes and comes."""
        try:
            await self._look(primary)
        except (RiskEngineError, asyncpg.PostgresError) as error:  # it is away, or was promoted: others answer
            self._note(str(error))
        else:
            self._set_trusted(True)
            if self._trouble is not None:
                self._trouble = None
                _log.info("replica_back", replica=self.name)

    async def close(self) -> None:
        """Closes its connections."""
        await self._database.close()

    async def _look(self, primary: Position) -> None:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(queries.text("replica_position"), timeout=PATIENCE)
        self._be_sure(row, primary)
        if row["lsn"] is not None and row["lsn"] >= primary.lsn:
            self._as_of = primary.asked_at
        elif row["at"] is not None:  # by the primary's clock on both sides: it wrote that time itself
            self._as_of = primary.asked_at - (primary.at - row["at"]).total_seconds()
        else:
            self._as_of = -math.inf

    def _be_sure(self, row: Row, primary: Position) -> None:
        """Returns if that is a replica of that primary. Raises ConfigurationError."""
        if row["system_identifier"] != primary.system:
            raise ConfigurationError(
                f"{SETTING} has {self.name}, which is no copy of what DATABASE_URL leads to: take it out, or replace it"
            )
        if not row["is_replica"]:
            raise ConfigurationError(
                f"{SETTING} has {self.name}, which takes writes and is no replica: take it out, or make it one again"
            )
        if row["database"] != primary.database:
            raise ConfigurationError(
                f"{SETTING} has the database {row['database']} of {self.name}: "
                f"name the one of DATABASE_URL, {primary.database}"
            )

    def _note(self, trouble: str) -> None:
        self._set_trusted(False)
        if self._trouble != trouble:
            _log.warning("replica_away", replica=self.name, reason=trouble)
        self._trouble = trouble

    def _set_trusted(self, trusted: bool) -> None:
        self._trusted = trusted
        self._up.set(trusted)
