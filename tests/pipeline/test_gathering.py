"""Group commit: what comes while a group is under way shares the next one."""

import asyncio
from collections.abc import Sequence

import pytest

from riskengine.domain.errors import Malformed, Overloaded, RiskEngineError, Unavailable
from riskengine.pipeline.gathering import LARGEST_GROUP, Gathering
from riskengine.pipeline.room import Room


class _Commits:
    """Doubles numbers; notes the groups; can be held back."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.started = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, group: Sequence[int]) -> list[int | RiskEngineError]:
        self.groups.append(list(group))
        self.started.set()
        await self.gate.wait()
        if any(n < 0 for n in group):
            raise ValueError("a bad row")
        return [Malformed("unwanted") if n == 1313 else n * 2 for n in group]


async def test_a_single_item_goes_at_once_and_what_comes_meanwhile_goes_together() -> None:
    # Given a commit that is under way
    commits = _Commits()
    commits.gate.clear()
    gathering = Gathering(commits, Room(1000))
    first = asyncio.create_task(gathering.submit(1))
    await commits.started.wait()
    # When more items come, and it ends
    rest = [asyncio.create_task(gathering.submit(n)) for n in range(2, 2 + LARGEST_GROUP + 5)]
    await asyncio.sleep(0)
    commits.gate.set()
    # Then the first went alone, the rest in as few groups as may be, and each has its own result
    assert await first == 2
    assert await asyncio.gather(*rest) == [n * 2 for n in range(2, 2 + LARGEST_GROUP + 5)]
    assert [len(group) for group in commits.groups] == [1, LARGEST_GROUP, 5]


async def test_one_bad_item_does_not_fail_its_neighbours() -> None:
    # Given items of which one makes the whole group fail, and one is refused by itself
    gathering = Gathering(_Commits(), Room(1000))
    # When they are submitted together
    results = await asyncio.gather(*(gathering.submit(n) for n in (1, 2, -1, 1313, 3)), return_exceptions=True)
    # Then only those two fail, each with its own error
    assert [results[i] for i in (0, 1, 4)] == [2, 4, 6]
    assert isinstance(results[2], ValueError)
    assert isinstance(results[3], Malformed)


async def test_a_part_that_is_away_fails_the_group_at_once() -> None:
    # Given a commit whose part is away
    calls = 0

    async def commit(group: Sequence[int]) -> list[int | RiskEngineError]:
        nonlocal calls
        calls += 1
        raise Unavailable("postgresql")

    gathering = Gathering(commit, Room(1000))
    # When items are submitted
    results = await asyncio.gather(*(gathering.submit(n) for n in range(9)), return_exceptions=True)
    # Then all hear of it, and it was not asked for each of them
    assert all(isinstance(result, Unavailable) for result in results)
    assert calls <= 2


async def test_more_than_the_limit_is_refused_and_the_rest_served() -> None:
    # Given a gathering whose room holds three, while a commit is under way
    commits = _Commits()
    commits.gate.clear()
    room = Room(3)
    gathering = Gathering(commits, room)
    first = asyncio.create_task(gathering.submit(1))
    await commits.started.wait()
    waiting = [asyncio.create_task(gathering.submit(n)) for n in (2, 3)]
    await asyncio.sleep(0)
    # When one more comes
    with pytest.raises(Overloaded):
        await gathering.submit(4)
    # Then it is refused, and the others get through
    commits.gate.set()
    assert await asyncio.gather(first, *waiting) == [2, 4, 6]
    await gathering.drain()
    assert room.depth == 0


async def test_a_cancelled_request_harms_nobody() -> None:
    # Given two waiting items, the first of which is given up
    commits = _Commits()
    commits.gate.clear()
    room = Room(10)
    gathering = Gathering(commits, room)
    tasks = [asyncio.create_task(gathering.submit(n)) for n in (1, 2, 3)]
    await commits.started.wait()
    tasks[1].cancel()
    # When the commit ends
    commits.gate.set()
    # Then the others have their results, and draining ends
    assert await tasks[0] == 2
    assert await tasks[2] == 6
    await gathering.drain()
    assert room.depth == 0
