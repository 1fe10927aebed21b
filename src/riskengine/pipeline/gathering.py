"""Group commit: concurrent single requests share one statement."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Generic, TypeVar

from riskengine.domain.errors import RiskEngineError
from riskengine.pipeline.room import Room
from riskengine.telemetry import tracing

if TYPE_CHECKING:
    from riskengine.telemetry.recorded import Recorded

Item = TypeVar("Item")
Result = TypeVar("Result")

LARGEST_GROUP = 256
"""Items in one statement. Larger groups gain little more and make the first of them wait longer."""

CROWD = 8
"""A group of so many shows that requests come faster than statements end: then it pays to let more of them gather."""

LINGER = 0.004
"""Seconds that the next group then waits. A statement costs as much as twenty rows."""


class Gathering(Generic[Item, Result]):
    """Gathers what is submitted while the last group is under way, and commits it as the next; at low load
    nothing waits.

    `commit` takes a group and gives one result (or the error to raise) for each item, in order. If it fails for the
    group as a whole, each item is tried alone, so that one bad item never fails its neighbours. An item has a place in
    the room until its group is committed.
    """

    def __init__(
        self, commit: Callable[[Sequence[Item]], Awaitable[Sequence[Result | RiskEngineError]]], room: Room
    ) -> None:
        self._commit = commit
        self._room = room
        self._waiting: list[tuple[Item, asyncio.Future[Result], Recorded | None]] = []
        self._committing: asyncio.Task[None] | None = None
        self._crowded = False

    async def submit(self, item: Item) -> Result:
        """The item's result. Raises what `commit` said for it, or Overloaded if the room is full."""
        self._room.check()
        self._room.count(1)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future, tracing.here()))
        if self._committing is None:  # in a context of its own: it is not the work of this request alone
            self._committing = asyncio.create_task(self._commit_all(), context=Context())
        return await future

    async def drain(self) -> None:
        """Returns when all that was submitted is committed."""
        while self._committing is not None:
            await asyncio.wait([self._committing])

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                if self._crowded and len(self._waiting) < LARGEST_GROUP:
                    await asyncio.sleep(LINGER)
                group = self._waiting[:LARGEST_GROUP]
                del self._waiting[:LARGEST_GROUP]
                self._crowded = len(group) >= CROWD
                try:
                    await self._commit_group(group)
                finally:
                    self._room.count(-len(group))
        finally:
            self._committing = None

    async def _commit_group(self, group: "list[tuple[Item, asyncio.Future[Result], Recorded | None]]") -> None:
        try:
            with tracing.shared([step for _, _, step in group if step is not None]):
                results = await self._commit([item for item, _, _ in group])
        except RiskEngineError as error:
            _fail(group, error)
        except Exception as error:
            if len(group) == 1:
                _fail(group, error)
                return
            for single in group:
                await self._commit_group([single])
        else:
            for (_, future, _), result in zip(group, results, strict=True):
                _settle(future, result)


def _settle(future: "asyncio.Future[Result]", result: Result | RiskEngineError) -> None:
    if future.done():  # its request was cancelled: the work is done all the same, and a replay will find it
        return
    if isinstance(result, RiskEngineError):
        future.set_exception(result)
    else:
        future.set_result(result)


def _fail(group: "Sequence[tuple[Item, asyncio.Future[Result], Recorded | None]]", error: Exception) -> None:
    for _, future, _ in group:
        if not future.done():
            future.set_exception(error)
