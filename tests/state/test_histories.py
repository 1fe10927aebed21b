"""What scoring remembers, in a real Valkey: newer wins, additions commute, and all of it can be lost."""

import asyncio
from typing import Any

import pytest

from riskengine.domain import stream_partition
from riskengine.resilience.redis import Client
from riskengine.state import scripts
from riskengine.state.histories import Histories
from riskengine.state.keys import LEASE, Keys
from riskengine.state.parts import DONE, Addition, Changes, FoundCells, Sought, SoughtCells, Stand


@pytest.fixture
def histories(redis: Client, partitions: int) -> Histories:
    return Histories(redis, shared_members=3, shared_window_ms=1000, partitions=partitions)


def _keys(name: str, partitions: int) -> Keys:
    """The keys of what has the name."""
    return Keys.of(stream_partition.of(name, partitions))


def _value(sequence: int, rest: bytes = b"", horizon: int = 31) -> bytes:
    return sequence.to_bytes(8, "big") + horizon.to_bytes(2, "big") + rest


async def test_nothing_is_found_in_an_empty_server(histories: Histories) -> None:
    # When an empty server is asked
    found = await histories.find(Sought(["alice"], ["device:d1"], [7]))
    # Then there is nothing, and that is said
    assert (found.histories, found.shared, found.slots, found.moments) == ({}, {"device:d1": {}}, {}, {})
    assert found.kept is None


@pytest.mark.parametrize(("first", "second", "kept"), [(1, 2, 2), (2, 1, 2), (255, 256, 256), (2**40, 255, 2**40)])
async def test_a_newer_history_is_never_overwritten_by_an_older_one(
    histories: Histories, first: int, second: int, kept: int
) -> None:
    # Given two writers of an account's history
    for sequence in (first, second):
        await histories.write(Changes({"al{ice": _value(sequence, b"x" * 100)}, [], []))
    # When it is read
    found = await histories.find(Sought(["al{ice", "bob"], [], [0]))
    # Then it is the newer one
    assert found.histories == {"al{ice": _value(kept, b"x" * 100)}


async def test_shared_sets_keep_the_latest_times_of_the_newest_members(histories: Histories) -> None:
    # Given additions in no order, more than a set may hold, one outside the window of the newest
    additions = [("ip:1", -5, 5000), ("ip:1", 6, 5300), ("ip:1", -5, 4800), ("ip:1", 7, 3000), ("ip:1", 8, 5200)]
    await histories.write(Changes({}, additions, []))
    # When they are made again, as after a crash
    await histories.write(Changes({}, additions[::-1], []))
    # Then each member has its latest time, and those that are too old or too many are gone
    found = await histories.find(Sought([], ["ip:1"], [0]))
    assert found.shared == {"ip:1": {-5: 5000, 6: 5300, 8: 5200}}
    await histories.write(Changes({}, [("ip:1", 9, 5400)], []))
    found = await histories.find(Sought([], ["ip:1"], [0]))
    assert found.shared == {"ip:1": {6: 5300, 8: 5200, 9: 5400}}


async def test_moments_of_peers_follow_their_slots(histories: Histories) -> None:
    # Given slots set, set again to the same, and set to another value and type
    await histories.write(Changes({}, [], [(1, 0, "personal"), (2, -300, "personal"), (3, 7, "small business")]))
    await histories.write(Changes({}, [], [(1, 100, "personal"), (2, 50, "small business")]))
    # When they are read
    found = await histories.find(Sought([], [], [1, 2, 3, 4]))
    # Then count, sum and sum of squares are those of the slots as they are
    assert found.slots == {1: (100, "personal"), 2: (50, "small business"), 3: (7, "small business")}
    assert found.moments == {"personal": (1, 100, 10_000), "small business": (2, 57, 2549)}


async def test_a_history_that_reaches_further_back_replaces_one_as_new_and_lives_as_long(
    histories: Histories, redis: Client, partitions: int
) -> None:
    # Given a history of 31 days, and others as new
    for horizon in (31, 91, 8):
        await histories.write(Changes({"alice": _value(5, horizon=horizon)}, [], []))
    # Then the one that reaches back furthest is kept, for a day more than it reaches
    assert await histories.horizons(["alice", "bob"]) == {"alice": 91}
    assert 91 * 86_400 < await redis.ttl(_keys("alice", partitions).history + "alice") <= 92 * 86_400


async def test_a_forgotten_history_is_gone(histories: Histories) -> None:
    # Given a history
    await histories.write(Changes({"alice": _value(1)}, [], []))
    # When it is forgotten
    await histories.forget(["alice"])
    # Then it is not found any more
    assert (await histories.find(Sought(["alice"], [], [0]))).histories == {}


async def test_what_is_kept_whole_is_marked_and_an_emptied_server_only_as_a_whole(
    histories: Histories, redis: Client
) -> None:
    # Given an emptied server: nothing is marked
    assert not await histories.mark(["merchant"])
    assert (await histories.kept(), await redis.keys()) == (None, [])
    # When it is marked as whole, and parts come and go
    assert await histories.mark(["peers", "ip"], whole=True)
    assert await histories.mark(["merchant", SERIES], since=7)
    assert await histories.mark(remove=["ip", SERIES, "unknown"])
    # Then that is what is found, and a series that is parted with begins anew
    assert (await histories.find(Sought([], [], [0]))).kept == {"peers", "merchant"}
    assert await histories.stands([SERIES]) == {}


SERIES = "merchant/1h/2d"
"""A series of which 3 cells before the newest are kept."""


def _addition(number: int, *cell: int, value: str = "baker") -> Addition:
    events, unknown, total, flagged = cell
    return Addition(SERIES, 3, 60, value, number, (events, unknown, total, flagged))


async def _cells(histories: Histories, first: int, last: int, value: str = "baker") -> FoundCells | None:
    return (await histories.find(Sought([], [], [0], [SoughtCells(SERIES, value, first, last)]))).cells[0]


async def _begin(histories: Histories, *, done: bool = True) -> None:
    await histories.mark(["peers"], whole=True)
    await histories.mark([SERIES], since=1000)
    if done:
        assert await histories.count_past([SERIES], Stand(1000, ""), DONE, [])


async def _count(histories: Histories, *cells: Addition, decided_at: int = 1000) -> None:
    await histories.write(Changes({}, [], [], cells, decided_at))


async def test_cells_add_up_whatever_the_order_and_old_ones_are_forgotten(
    histories: Histories, redis: Client, partitions: int
) -> None:
    # Given a series that is counted
    await _begin(histories)
    assert await _cells(histories, 0, 99) == FoundCells(None, {})
    # When additions come in two orders, one of them too old at its time, one soon after
    made = [
        *(_addition(7, 1, 0, 500, 0), _addition(7, 2, 1, -200, 1)),
        *(_addition(number, 1, 0, number, 0) for number in (3, 4, 5)),
        _addition(8, 1, 0, 1, 0),
    ]
    for value, order in (("baker", made), ("smith", made[::-1])):
        for one in order:
            await _count(histories, Addition(SERIES, 3, 60, value, one.number, one.cell))
    # Then the same is left: three cells before the newest, with what was added to them
    left = FoundCells(8, {5: (1, 0, 5, 0), 7: (3, 1, 300, 1), 8: (1, 0, 1, 0)})
    key = f"{_keys('baker', partitions).cells}{SERIES}:baker"
    fields = await redis.hkeys(key)
    assert {field[:-1] for field in fields if field[:1].isdigit()} == {b"5", b"7", b"8"}
    assert await _cells(histories, 0, 99) == await _cells(histories, 0, 99, "smith") == left
    assert await _cells(histories, 8, 8) == FoundCells(8, {8: (1, 0, 1, 0)})
    assert 0 < await redis.ttl(key) <= 60


async def test_tasks_that_add_to_one_hot_cell_lose_nothing(histories: Histories) -> None:
    # Given a series, and eight who add to one cell of it at once, a hundred times each
    await _begin(histories)

    async def add() -> None:
        for n in range(100):
            await _count(histories, _addition(7, 1, 0, n, n % 2))

    await asyncio.gather(*(add() for _ in range(8)))
    # Then all is there
    assert await _cells(histories, 7, 7) == FoundCells(7, {7: (800, 0, 8 * 4950, 400)})


async def test_what_was_decided_before_a_series_began_is_not_counted_live(histories: Histories) -> None:
    # Given a series that began at 1000
    await _begin(histories)
    # When decisions of before and after reach it
    await _count(histories, _addition(7, 1, 0, 1, 0), decided_at=999)
    await _count(histories, _addition(7, 1, 0, 2, 0), decided_at=1000)
    # Then the later one counts
    assert await _cells(histories, 7, 7) == FoundCells(7, {7: (1, 0, 2, 0)})


async def test_cells_are_cold_until_their_past_is_counted_and_each_page_counts_once(histories: Histories) -> None:
    # Given a series that has begun, with a live addition
    await _begin(histories, done=False)
    await _count(histories, _addition(7, 1, 0, 5, 0))
    assert await _cells(histories, 0, 99) is None
    # When its past comes in two pages, the first of them twice, as by two who fill at once
    start = Stand(1000, "")
    assert await histories.count_past([SERIES], start, "page-1", [_addition(6, 1, 0, 10, 0)])
    assert not await histories.count_past([SERIES], start, "page-1", [_addition(6, 1, 0, 10, 0)])
    assert await _cells(histories, 0, 99) is None
    assert await histories.stands([SERIES, "other/1h/2d"]) == {SERIES: Stand(1000, "page-1")}
    assert await histories.count_past([SERIES], Stand(1000, "page-1"), DONE, [_addition(7, 1, 0, 20, 0)])
    # Then all counts once, and can be read
    assert await _cells(histories, 0, 99) == FoundCells(7, {6: (1, 0, 10, 0), 7: (2, 0, 25, 0)})


async def test_a_series_that_begins_anew_has_nothing_of_before(histories: Histories) -> None:
    # Given a series with cells, which nobody kept for a while
    await _begin(histories)
    await _count(histories, _addition(7, 1, 0, 5, 0))
    await histories.mark(remove=[SERIES])
    await _count(histories, _addition(7, 1, 0, 6, 0), decided_at=1500)
    assert await _cells(histories, 0, 99) is None
    # When it begins anew
    await histories.mark([SERIES], since=2000)
    assert await histories.count_past([SERIES], Stand(2000, ""), DONE, [])
    await _count(histories, _addition(6, 1, 0, 7, 0), decided_at=2000)
    # Then only what came since is in it
    assert await _cells(histories, 0, 99) == FoundCells(6, {6: (1, 0, 7, 0)})


async def test_scripts_that_the_server_lost_do_not_count_twice(histories: Histories, redis: Client) -> None:
    # Given a server that knows one of the scripts of a write, and not another
    await _begin(histories)
    await redis.script_flush()
    await redis.script_load(scripts.text("write_series"))
    # When both are needed at once
    changes = Changes({"alice": _value(1)}, [], [], [_addition(7, 1, 0, 5, 0)], 1000)
    await histories.write(changes)
    # Then each was done once
    assert await _cells(histories, 7, 7) == FoundCells(7, {7: (1, 0, 5, 0)})
    assert await histories.horizons(["alice"]) == {"alice": 31}


async def test_a_write_that_is_sent_again_counts_once(histories: Histories, redis: Client, partitions: int) -> None:
    # Given a connection that breaks after the server has done what it was sent, once
    class Breaking:
        def __init__(self) -> None:
            self.sent: list[Any] = []

        def pipeline(self, **_: Any) -> "Breaking":
            return self

        def execute_command(self, *command: Any) -> None:
            self.sent.append(command)

        async def execute(self, **how: Any) -> Any:
            sent, self.sent = self.sent, []
            for _ in range(2):
                pipeline = redis.pipeline(transaction=False)
                for command in sent:
                    pipeline.execute_command(*command)
                answers = await pipeline.execute(**how)
            return answers

    broken: Any = Breaking()
    await _begin(histories)
    # When something is counted over it
    await _count(Histories(broken, 3, 1000, partitions=partitions), _addition(7, 1, 0, 5, 0))
    # Then it counts once
    assert await _cells(histories, 7, 7) == FoundCells(7, {7: (1, 0, 5, 0)})


async def test_a_sum_that_leaves_64_bits_stops_there_and_stops_nothing_else(histories: Histories) -> None:
    await _begin(histories)
    await _count(histories, _addition(7, 1, 0, 2**63 - 10, 0))
    await _count(histories, _addition(7, 1, 0, 100, 1), _addition(8, 1, 0, 4, 0))

    assert await _cells(histories, 7, 8) == FoundCells(8, {7: (2, 0, 2**63 - 10, 1), 8: (1, 0, 4, 0)})


async def test_one_at_a_time_holds_the_lease(histories: Histories, redis: Client) -> None:
    assert await histories.lease("one", 60)
    assert await histories.lease("one", 60)
    assert not await histories.lease("other", 60)
    await redis.delete(LEASE)
    assert await histories.lease("other", 60)
