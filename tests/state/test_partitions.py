"""What scoring remembers in several partitions: each is lost, begun and counted by itself, and none twice."""

import pytest

from riskengine.domain import stream_partition
from riskengine.resilience.redis import Client
from riskengine.state.histories import Histories
from riskengine.state.keys import Keys
from riskengine.state.parts import DONE, Addition, Changes, FoundCells, Sought, SoughtCells, Stand

SERIES, OTHER = "merchant/1h/2d", "ip/1h/2d"
SOME = [f"value-{number}" for number in range(12)]
PARTITIONS = 4


@pytest.fixture
def partitions() -> int:
    return PARTITIONS


@pytest.fixture
def histories(redis: Client, partitions: int) -> Histories:
    return Histories(redis, 64, 86_400_000, partitions=partitions)


def _one(value: str, amount: int = 1, series: str = SERIES) -> Addition:
    return Addition(series, 3, 60, value, 7, (1, 0, amount, 0))


async def _found(histories: Histories, series: str = SERIES) -> dict[str, FoundCells | None]:
    found = await histories.find(Sought([], [], [0], [SoughtCells(series, value, 0, 9) for value in SOME]))
    return dict(zip(SOME, found.cells, strict=True))


def _in(partition: int) -> list[str]:
    return [value for value in SOME if stream_partition.of(value, PARTITIONS) == partition]


async def test_what_is_sought_comes_from_all_partitions_in_its_order(histories: Histories, redis: Client) -> None:
    # Given accounts, sets and cells in all partitions
    await histories.mark(["peers"], whole=True)
    await histories.mark([SERIES], since=1)
    await histories.count_past([SERIES], Stand(1, ""), DONE, [])
    assert {stream_partition.of(value, PARTITIONS) for value in SOME} == set(range(PARTITIONS))
    values = {value: (5).to_bytes(8, "big") + bytes(2) + value.encode() for value in SOME}
    cells = [_one(value, number) for number, value in enumerate(SOME)]
    await histories.write(Changes(values, [(value, 1, 5) for value in SOME], [(3, 7, "personal")], cells, 1))
    # When they are sought
    sought = Sought(["nobody", *SOME], [*SOME, "nothing"], [3], [SoughtCells(SERIES, value, 0, 9) for value in SOME])
    found = await histories.find(sought)
    # Then each has its own, and each key lies with its partition
    assert found.histories == values
    assert found.shared == {**{value: {1: 5} for value in SOME}, "nothing": {}}
    assert found.cells == [FoundCells(7, {7: (1, 0, number, 0)}) for number in range(len(SOME))]
    assert found.slots == {3: (7, "personal")}
    assert found.kept == found.kept_somewhere == {"peers", SERIES}
    for value in SOME:
        assert await redis.exists(Keys.of(stream_partition.of(value, PARTITIONS)).history + value) == 1


async def test_one_emptied_partition_is_noticed_and_filled_alone(histories: Histories, redis: Client) -> None:
    # Given a counted series, of which one partition loses all it had
    await histories.mark(["peers"], whole=True)
    await histories.mark([SERIES], since=10)
    assert await histories.count_past([SERIES], Stand(10, ""), DONE, [_one(value) for value in SOME])
    lost = Keys.of(2)
    await redis.delete(lost.kept, lost.state, *[f"{lost.cells}{SERIES}:{value}" for value in _in(2)])
    # When it is looked at, all is as if emptied; a batch that needs nothing of it does not mind
    assert await histories.kept() is None
    assert await histories.stands([SERIES]) == {}
    assert not await histories.mark([SERIES], since=20)
    other = await histories.find(Sought([], [], [0], [SoughtCells(SERIES, _in(1)[0], 0, 9)]))
    assert other.kept == {"peers", SERIES}
    assert (await histories.find(Sought([], _in(2)[:1], [0]))).kept is None
    # When it is marked whole, begins anew, and is counted
    assert await histories.mark(["peers"], whole=True)
    assert (await histories.find(Sought([], _in(2)[:1], [0]))).kept == {"peers"}
    assert (await histories.find(Sought([], _in(2)[:1], [0]))).kept_somewhere == {"peers", SERIES}
    assert await histories.mark([SERIES], since=30)
    assert await histories.stands([SERIES]) == {SERIES: Stand(30, "")}
    cold = await _found(histories)
    assert [value for value, cells in cold.items() if cells is None] == _in(2)
    assert await histories.count_past([SERIES], Stand(30, ""), DONE, [_one(value) for value in SOME])
    # Then it counts again, and in the others nothing was counted twice
    assert await _found(histories) == dict.fromkeys(SOME, FoundCells(7, {7: (1, 0, 1, 0)}))


async def test_a_page_that_reached_only_some_partitions_counts_once_in_each(
    histories: Histories, redis: Client
) -> None:
    # Given two series, and a page of their past that reaches all partitions but two: the one who counted died
    await histories.mark(["peers"], whole=True)
    await histories.mark([SERIES, OTHER], since=10)
    names, start = [OTHER, SERIES], Stand(10, "")
    page = [_one(value, 5, series) for value in SOME for series in names]
    before = {partition: await redis.hgetall(Keys.of(partition).state) for partition in (1, 3)}
    assert await histories.count_past(names, start, "01-page", page)
    for partition, state in before.items():
        keys = Keys.of(partition)
        await redis.hset(keys.state, mapping=state)
        await redis.delete(*[f"{keys.cells}{name}:{value}" for name in names for value in _in(partition)])
    # And one series of one partition is further than all else
    assert await histories.count_past([OTHER], Stand(10, "01-page"), "02-page", [])
    # When another goes on where the one that is furthest behind stands
    assert await histories.stands(names) == {SERIES: start, OTHER: start}
    assert await histories.count_past(names, start, "01-page", page)
    assert not await histories.count_past(names, start, "01-page", page)
    assert await histories.stands(names) == {SERIES: Stand(10, "01-page"), OTHER: Stand(10, "01-page")}
    assert await histories.count_past(names, Stand(10, "01-page"), DONE, page)
    assert await histories.stands(names) == {SERIES: Stand(10, DONE), OTHER: Stand(10, "02-page")}
    assert await histories.count_past([OTHER], Stand(10, "02-page"), DONE, [])
    # Then each page counts once everywhere; what was further had the second page before
    twice, once = FoundCells(7, {7: (2, 0, 10, 0)}), FoundCells(7, {7: (1, 0, 5, 0)})
    assert await _found(histories) == dict.fromkeys(SOME, twice)
    assert await _found(histories, OTHER) == {value: twice if value in (*_in(1), *_in(3)) else once for value in SOME}


async def test_what_was_kept_for_another_number_of_partitions_is_as_good_as_lost(
    histories: Histories, redis: Client
) -> None:
    # Given sets and series that are kept and counted in four partitions
    await histories.mark(["peers"], whole=True)
    await histories.mark([SERIES], since=10)
    await histories.count_past([SERIES], Stand(10, ""), DONE, [_one(value) for value in SOME])
    for number in (1, 2, 8):
        others = Histories(redis, 64, 86_400_000, partitions=number)
        # When they are looked for in another number of them, there is nothing, until it is whole again
        assert await others.kept() is None
        assert await others.stands([SERIES]) == {}
        assert (await others.find(Sought([], [], [0]))).kept is None
        assert not await others.mark([SERIES], since=20)
        assert await others.mark(["peers"], whole=True)
        assert await others.kept() == {"peers"}
        # Then nothing of the old counts is taken for the new
        assert await others.stands([SERIES]) == {}
        assert set((await _found(others)).values()) == {None}
        # And back again it is the same
        assert await histories.kept() is None
        assert await histories.mark(["peers"], whole=True)
