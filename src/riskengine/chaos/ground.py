"""What faults act on: the stack's processes, the ways between them, orders to fail, the disk, and poison."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from riskengine.chaos.disk import Disk
from riskengine.chaos.orders import Orders
from riskengine.chaos.poison import Poison
from riskengine.chaos.proxy import Proxy
from riskengine.domain.errors import RiskEngineError, Unavailable
from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import PART, absence_as_unavailable
from riskengine.stack import ports
from riskengine.stack.process import Process
from riskengine.stack.stack import Stack
from riskengine.storage.database import Database

COMEBACK_S = 90.0
"""Seconds within which a process that ended is back: seconds where the machine has time for it."""

TRIES_S = 60.0
"""Seconds for which something is tried again that another fault stands in the way of."""

VALKEY_PATIENCE_S = 2.0
"""Seconds to wait for Valkey's answer."""

POLL_S = 0.05
"""Seconds between two looks at what a process does."""


class Server(StrEnum):
    """What the engine's processes connect to."""

    POSTGRESQL = "postgresql"
    VALKEY = "valkey"


class NotBackError(RiskEngineError):
    """A process that ended did not come back."""


async def until(condition: Callable[[], bool]) -> None:
    """Returns once the condition holds: for what other processes do, which can only be looked at again and again."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(POLL_S)


class Ground:
    """The stage. `database` and the Valkey client of `valkey` go straight to the servers, past the proxies."""

    def __init__(
        self, stack: Stack, proxies: dict[Server, Proxy], orders: Orders, database: Database, disk: Disk | None
    ) -> None:
        self.stack = stack
        self.proxies = proxies
        self.orders = orders
        self.disk = disk
        self.poison = Poison(database)

    def process(self, name: str) -> Process:
        """The process of that name."""
        return next(process for process in self.stack.processes if process.name == name)

    def names(self, kind: str) -> list[str]:
        """The names of all processes of a kind (`api`, `worker`) or name."""
        names = [process.name for process in self.stack.processes]
        return [name for name in names if name == kind or name.startswith(f"{kind}-")]

    async def back(self, name: str, after: int) -> None:
        """Returns when another process than the one with the id `after` runs, and is of use. Raises NotBackError."""
        try:
            async with asyncio.timeout(COMEBACK_S):
                await until(lambda: self.process(name).pid != after and self._useful(name))
        except TimeoutError as error:
            raise NotBackError(
                f"{name} was not back within {COMEBACK_S:.0f} s; {self.process(name).log_tail()}"
            ) from error

    @asynccontextmanager
    async def valkey(self) -> AsyncIterator[Redis]:
        """A client of Valkey, for as long as the block lasts. Raises Unavailable."""
        client = Redis.from_url(
            self.stack.redis_url,
            protocol=2,
            socket_timeout=VALKEY_PATIENCE_S,
            socket_connect_timeout=VALKEY_PATIENCE_S,
            retry=Retry(NoBackoff(), 0),  # what is done twice would not be what was ordered
        )
        try:
            with absence_as_unavailable(Breaker(PART)):
                yield client
        finally:
            await client.aclose()

    async def insist(self, step: Callable[[], Awaitable[None]]) -> None:
        """Does a step, again for TRIES_S seconds while a server is away. Raises Unavailable after that."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + TRIES_S
        while True:
            try:
                return await step()
            except Unavailable:
                if loop.time() > deadline:
                    raise
            await asyncio.sleep(POLL_S * 10)

    def _useful(self, name: str) -> bool:
        process = self.process(name)
        if name == Server.POSTGRESQL:
            return process.alive and self.stack.postgres.ready()
        engine: Sequence[tuple[str, int]] = [
            (part.process.name, part.port) for part in (*self.stack.workers, *self.stack.api)
        ]
        ports_of = {**dict(engine), "balancer": self.stack.balancer.port, Server.VALKEY: self.stack.valkey.port}
        return process.alive and ports.listening(ports_of[name])
