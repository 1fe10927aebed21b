"""What scoring remembers, in a real Valkey: newer wins, additions commute, and all of it can be lost."""

import pytest
from redis.asyncio import Redis

from riskengine.state.histories import Changes, Histories, Sought


@pytest.fixture
def histories(redis: Redis) -> Histories:
    return Histories(redis, shared_members=3, shared_window_ms=1000)


def _value(sequence: int, rest: bytes = b"") -> bytes:
    return sequence.to_bytes(8, "big") + rest


async def test_nothing_is_found_in_an_empty_server(histories: Histories) -> None:
    # When an empty server is asked
    found = await histories.find(Sought(["alice"], ["device:d1"], [7]))
    # Then there is nothing, and that is said
    assert (found.histories, found.shared, found.slots, found.moments) == ({}, {"device:d1": {}}, {}, {})
    assert not found.warm


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


async def test_a_forgotten_history_is_gone_and_a_warm_server_says_so(histories: Histories) -> None:
    # Given a history
    await histories.write(Changes({"alice": _value(1)}, [], []), warm=True)
    # When it is forgotten
    await histories.forget(["alice"])
    # Then it is not found any more
    found = await histories.find(Sought(["alice"], [], [0]))
    assert (found.histories, found.warm) == ({}, True)
