"""The contract of the queue, on a real Valkey, with one partition and with four."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from riskengine.domain import clock
from riskengine.domain.errors import Unavailable
from riskengine.domain.stream_partition import of
from riskengine.resilience import redis as connections
from riskengine.streaming import streams
from riskengine.streaming.partitioned_stream import LOOK_AROUND_EVERY, PartitionedStream
from riskengine.streaming.queue import Message, Outgoing
from riskengine.streaming.redis_stream import GROUP
from tests import factories
from tests.clock import Clock

ACCOUNTS = ("a", "b", "c", "d", "e", "f", "g", "h")
HOUR_MS = 60 * 60_000


@pytest.fixture(params=[1, 4])
def partitions(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def queue(redis: Redis, partitions: int) -> PartitionedStream:
    return PartitionedStream(redis, partitions)


def _items(*names: str) -> list[Outgoing]:
    """A message each, which says its account."""
    return [Outgoing(name, name.encode()) for name in names]


def _names(messages: list[Message]) -> list[str]:
    return sorted(message.body.decode() for message in messages)


async def _consumers(redis: Redis, partitions: int) -> set[str]:
    """All that any group knows."""
    found = [await redis.xinfo_consumers(name, GROUP) for name in streams.names(partitions) if await redis.exists(name)]
    return {consumer["name"].decode() for consumers in found for consumer in consumers}


def test_accounts_are_spread_over_four_partitions() -> None:
    # Of what the tests below rely on
    assert {of(account, 4) for account in ACCOUNTS} == {0, 1, 2, 3}


async def test_each_message_goes_to_one_consumer_in_order(queue: PartitionedStream, partitions: int) -> None:
    # Given messages of several accounts in a queue that nobody has read before
    await queue.publish([Outgoing(account, bytes([n])) for n in range(5) for account in ACCOUNTS])
    # When two consumers read in turn
    found: dict[str, list[Message]] = {"one": [], "two": []}
    for _ in range(8):
        for consumer in found:
            found[consumer] += await queue.read(consumer, 8, 1)
    # Then both have had some, each message was delivered once, and those of a partition in order
    assert all(found.values())
    everything = found["one"] + found["two"]
    assert len({message.place for message in everything}) == len(everything) == 5 * len(ACCOUNTS)
    for name in streams.names(partitions):
        for messages in found.values():
            bodies = [message.body for message in messages if message.stream == name]
            assert bodies == sorted(bodies)
    assert await queue.read("one", 8, 1) == []


async def test_no_more_is_delivered_than_was_asked_for(queue: PartitionedStream) -> None:
    # Given more partitions than somebody wants messages
    await queue.publish(_items(*ACCOUNTS, *ACCOUNTS))
    found = [await queue.read("one", 3, 1) for _ in range(12)]
    assert max(map(len, found)) == 3
    assert sum(map(len, found)) == 16


async def test_what_is_acknowledged_leaves_the_queue_and_the_rest_stays(
    queue: PartitionedStream, partitions: int
) -> None:
    # Given delivered messages
    before = clock.now_ms()
    await queue.publish(_items(*ACCOUNTS))
    taken = await queue.read("one", 8, 1) + await queue.read("one", 8, 1)
    # When all but one are acknowledged
    await queue.acknowledge(taken[:-1])
    # Then that one is still counted, with the time it was published
    assert await queue.depth() == 1
    backlogs = await queue.backlogs()
    assert [(each.stream, each.partition) for each in backlogs] == [
        (name, number) for number, name in enumerate(streams.names(partitions))
    ]
    (full,) = [each for each in backlogs if each.depth]
    assert (full.stream, full.depth) == (taken[-1].stream, 1)
    assert full.oldest is not None
    assert abs(full.oldest - before) < clock.MINUTE
    await queue.acknowledge(taken[-1:])
    assert {(each.depth, each.oldest) for each in await queue.backlogs()} == {(0, None)}


async def test_messages_of_a_dead_consumer_are_taken_over(queue: PartitionedStream) -> None:
    # Given a consumer that read messages, acknowledged one and was heard of no more
    await queue.publish(_items(*ACCOUNTS))
    taken = await queue.read("dead", 8, 1) + await queue.read("dead", 8, 1)
    await queue.acknowledge(taken[:1])
    # When another takes over what has been idle
    assert await queue.take_over("alive", 60_000, 10) == []
    found = await _all_taken(queue, "alive", None)
    # Then it gets what was not acknowledged, of all partitions
    assert _names(found) == _names(taken[1:])
    assert {message.place for message in found} == {message.place for message in taken[1:]}


async def test_only_those_of_certain_owners_are_taken_over(queue: PartitionedStream) -> None:
    # Given two consumers that hold messages
    await queue.publish(_items(*ACCOUNTS))
    dead = await queue.read("dead", 4, 1)
    alive = await queue.read("alive", 8, 1)
    assert dead
    assert alive
    assert await queue.holders() == {"dead": len(dead), "alive": len(alive)}
    # When one of them is dead, Then its messages are taken over, once, and no others
    assert await queue.take_over("other", 0, 10, ["nobody"]) == []
    assert await queue.take_over("other", HOUR_MS, 10, ["dead"]) == []
    assert _names(await _all_taken(queue, "other", ["nobody", "dead"])) == _names(dead)
    assert await queue.take_over("another", 0, 10, ["dead"]) == []
    assert {name: held for name, held in (await queue.holders()).items() if held} == {
        "other": len(dead),
        "alive": len(alive),
    }


async def _all_taken(queue: PartitionedStream, consumer: str, owners: list[str] | None) -> list[Message]:
    """What the consumer gets until there is nothing more; it acknowledges nothing, so by owner or once each."""
    found: list[Message] = []
    while taken := await queue.take_over(consumer, 0, 10, owners):
        if taken[0].place in {message.place for message in found}:
            break
        found += taken
        if owners is None:
            await queue.acknowledge(taken)
    return found


async def test_what_is_taken_over_says_how_often_it_was_delivered(queue: PartitionedStream) -> None:
    # Given two messages, one of which two consumers had before
    await queue.publish(factories.outgoing(b"a"))
    await queue.read("first", 1, 10)
    await queue.take_over("second", 0, 10)
    await queue.publish(factories.outgoing(b"b"))
    (fresh,) = await queue.read("first", 1, 1_000)
    # When a third takes over both
    found = await queue.take_over("third", 0, 10)
    # Then each says how often it was delivered, this time included
    assert fresh.deliveries == 1
    assert [(m.body, m.deliveries) for m in found] == [(b"a", 3), (b"b", 2)]


async def test_what_is_handed_back_is_taken_over_at_once_and_counts_for_nothing(queue: PartitionedStream) -> None:
    # Given a consumer with messages, of which it dealt with one
    await queue.publish(_items(*ACCOUNTS))
    taken = await queue.read("leaving", 8, 1) + await queue.read("leaving", 8, 1)
    await queue.acknowledge(taken[:1])
    # When it hands back what it has
    await queue.hand_back("leaving", taken)
    # Then another gets the rest, long before it would count as left behind, as if it had never been delivered
    found: list[Message] = []
    while len(found) < len(taken) - 1:
        found += await queue.take_over("other", HOUR_MS, 10)
    assert _names(found) == _names(taken[1:])
    assert {message.deliveries for message in found} == {1}


async def test_of_those_that_take_over_at_once_one_gets_each_message(queue: PartitionedStream) -> None:
    # Given messages that were left behind
    await queue.publish(_items(*ACCOUNTS))
    taken = await queue.read("leaving", 8, 1) + await queue.read("leaving", 8, 1)
    await queue.hand_back("leaving", taken)
    # When several take over at the same time, again and again
    found: list[Message] = []
    for _ in range(8):
        for messages in await asyncio.gather(*(queue.take_over(f"other-{n}", 60_000, 10) for n in range(4))):
            found += messages
    # Then each message went to one of them
    assert _names(found) == _names(taken)


async def test_a_consumer_that_holds_something_cannot_leave(
    queue: PartitionedStream, redis: Redis, partitions: int
) -> None:
    # Given a consumer that holds a message
    await queue.publish(factories.outgoing(b"a"))
    taken = await queue.read("one", 1, 1_000)
    # When it leaves all the same, then nothing happens: nobody else would ever get the message
    await queue.leave("one")
    assert [m.body for m in await queue.take_over("two", 0, 10)] == [b"a"]
    # But what holds nothing may leave
    await queue.acknowledge(taken)
    await queue.leave("one")
    await queue.leave("two")
    assert await _consumers(redis, partitions) == set()


async def test_publishing_says_how_much_there_is(queue: PartitionedStream) -> None:
    assert await queue.publish(_items(*ACCOUNTS)) == 8
    await queue.read("one", 1, 10)
    assert await queue.publish(factories.outgoing(b"c")) == 9


async def test_the_queue_makes_itself_again_when_the_server_was_emptied(queue: PartitionedStream, redis: Redis) -> None:
    # Given a queue that was read, on a server that then loses everything
    await queue.publish(_items(*ACCOUNTS))
    taken = await queue.read("one", 8, 10)
    await redis.flushall()
    # When life goes on
    await queue.hand_back("one", taken)
    await queue.publish(factories.outgoing(b"b"))
    # Then what is published after is delivered
    assert [m.body for m in await queue.read("one", 1, 1_000)] == [b"b"]


async def test_who_waits_survives_the_removal_of_its_stream(redis: Redis) -> None:
    # Given a consumer that waits at the only partition
    queue = PartitionedStream(redis)
    await queue.read("one", 1, 1)
    waiting = asyncio.create_task(queue.read("one", 1, 60_000))
    while not any(client["flags"] == "b" for client in await redis.client_list()):
        await asyncio.sleep(0.01)
    # When a process that knows of another number of partitions removes it, empty as it is
    assert await PartitionedStream(redis, 4).depth() == 0
    await PartitionedStream(redis, 4).backlogs()
    # Then the consumer goes on with a new one
    await queue.publish(factories.outgoing(b"a"))
    async with asyncio.timeout(20):
        assert [m.body for m in await waiting] == [b"a"]


async def test_on_an_emptied_server_there_is_nobody_to_retire_or_to_leave(queue: PartitionedStream) -> None:
    # Given a server without streams
    # When consumers are retired and one leaves, Then the queue is there, and empty
    await queue.retire(0)
    await queue.leave("one")
    assert await queue.take_over("two", 0, 10) == []
    assert await queue.holders() == {}


async def test_idle_consumers_that_hold_nothing_are_retired(
    queue: PartitionedStream, redis: Redis, partitions: int
) -> None:
    # Given one consumer that holds a message and one that holds none
    await queue.publish(factories.outgoing(b"a"))
    await queue.read("holder", 1, 1_000)
    await queue.read("idler", 1, 10)
    # When idle ones are retired
    await queue.retire(-1)
    # Then only the one that holds something is left
    assert await _consumers(redis, partitions) == {"holder"}


async def test_an_absent_server_is_one_clear_error(partitions: int) -> None:
    # Given a queue on a port where nothing listens
    client = connections.connect("redis://127.0.0.1:1/0", "test")
    queue = PartitionedStream(client, partitions)
    # When it is used, then it says what is away
    for call in (queue.publish(_items("a")), queue.read("one", 1, 1), queue.depth(), queue.backlogs()):
        with pytest.raises(Unavailable, match="redis does not answer"):
            await call
    await client.aclose()


async def test_what_some_partitions_give_is_not_lost_for_what_others_refuse(redis: Redis) -> None:
    # Given four partitions, of which one refuses all commands
    queue = PartitionedStream(redis, 4)
    await queue.publish(_items(*ACCOUNTS))
    broken = streams.names(4)[of("a", 4)]
    await redis.delete(broken)
    await redis.set(broken, "not a stream")
    # When a consumer reads, Then it gets what the others have
    found = await queue.read("one", 100, 1)
    assert _names(found) == [account for account in ACCOUNTS if of(account, 4) != of("a", 4)]
    # And hears of the fault when there is nothing else
    with pytest.raises(Exception, match="WRONGTYPE"):
        await queue.read("one", 100, 1)


async def test_a_flood_on_one_partition_holds_nobody_up(redis: Redis) -> None:
    # Given three thousand messages of one account, and a consumer in the midst of them, 20 ms for each batch
    time = Clock()
    queue = PartitionedStream(redis, 4, now=time)

    async def batch() -> list[Message]:
        messages = await queue.read("one", 100, 1)
        await queue.acknowledge(messages)
        time.seconds += 0.020
        return messages

    await queue.publish(_items(*["a"] * 3_000))
    sizes = [len(await batch()) for _ in range(5)]
    assert sizes[1:] == [100] * 4  # whole batches, though three partitions are empty
    # When others have some, on all other partitions
    others = [account for account in ACCOUNTS if of(account, 4) != of("a", 4)]
    await queue.publish(_items(*others * 5))
    # Then they are delivered while the flood is still long
    delivered: list[str] = []
    while len(delivered) < 5 * len(others):
        delivered += [name for name in _names(await batch()) if name != "a"]
    assert await queue.depth() > 1_500


async def test_with_much_on_all_partitions_batches_are_of_one_in_turn(redis: Redis) -> None:
    # Given much on all four partitions
    time = Clock()
    queue = PartitionedStream(redis, 4, now=time)
    await queue.publish(_items(*ACCOUNTS * 300))
    # When a consumer reads
    first, *batches = [await queue.read("one", 40, 1) for _ in range(9)]
    # Then it has a share of each at first, and then whole batches of one after the other
    assert len({message.stream for message in first}) == 4
    assert all(len(batch) == 40 for batch in batches)
    order = [{message.stream for message in batch} for batch in batches]
    assert [len(streams) for streams in order] == [1] * 8
    assert order[:4] == order[4:]
    assert set.union(*order) == set(streams.names(4))


async def test_who_comes_later_takes_its_share_at_once(redis: Redis) -> None:
    # Given a worker with much before it
    await PartitionedStream(redis, 4).publish(_items(*ACCOUNTS * 50))
    old = PartitionedStream(redis, 4)
    await old.read("old", 10, 1)
    # When another comes
    new = PartitionedStream(redis, 4)
    shares = [(len(await new.read("new", 10, 1)), len(await old.read("old", 10, 1))) for _ in range(10)]
    # Then nobody needs to tell it what is its own
    assert min(map(min, shares)) > 0


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (4, 3)])
async def test_what_is_left_from_another_number_of_partitions_is_read_and_removed(
    redis: Redis, before: int, after: int
) -> None:
    # Given messages on the streams of another number, some of them in the hands of a consumer of that time
    old = PartitionedStream(redis, before)
    await old.publish(_items(*ACCOUNTS, *ACCOUNTS))
    held = await old.read("old", 4, 1)
    # When processes of the new number come, and messages are published
    time = Clock()
    queue = PartitionedStream(redis, after, now=time)
    await queue.publish(_items("new", "newer"))
    # Then nothing is missing from what they see
    await queue.backlogs()
    assert await queue.depth() == 18
    assert {each.partition for each in await queue.backlogs()} == {*range(after), None}
    # And they read all of it
    found: list[Message] = []
    while len(found) < 18 - len(held):
        found += await queue.read("one", 8, 1_000)
    assert _names(found + held) == sorted([*ACCOUNTS, *ACCOUNTS, "new", "newer"])
    # But streams stay until the last message is acknowledged
    await queue.acknowledge(found)
    time.seconds += LOOK_AROUND_EVERY
    assert sum(each.depth for each in await queue.backlogs()) == len(held)
    assert {each.partition for each in await queue.backlogs()} == {*range(after), None}
    taken: list[Message] = []
    while len(taken) < len(held):
        taken += await queue.take_over("one", 0, 10)
        await queue.acknowledge(taken)
    time.seconds += LOOK_AROUND_EVERY
    assert {each.partition for each in await queue.backlogs()} == set(range(after))
    assert {name.decode() for name in await redis.keys("transactions*")} <= set(streams.names(after))
    # And what an old process still publishes is found, too
    await old.publish(_items("late"))
    time.seconds += LOOK_AROUND_EVERY
    assert _names(await queue.read("one", 8, 1_000)) == ["late"]


Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["publish", "publish", "read", "read", "acknowledge", "take over", "hand back", "later"]),
        st.integers(0, 2),
        st.integers(1, 6),
    ),
    max_size=40,
)


@given(steps=STEPS, partitions=st.sampled_from([1, 3, 4]))
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_message_is_delivered_once_and_acknowledged(redis_url: str, steps: list[Step], partitions: int) -> None:
    asyncio.run(_interleaved(redis_url, steps, partitions))


async def _interleaved(url: str, steps: list[Step], partitions: int) -> None:
    """Three consumers, each of a process of its own, in any order."""
    client = connections.connect(url, "test")
    await client.flushall()
    time = Clock()
    queues = [PartitionedStream(client, partitions, now=time) for _ in range(3)]
    published, read = 0, list[Message]()
    hands: list[dict[tuple[str, bytes], Message]] = [{}, {}, {}]
    for step, who, much in steps:
        queue, name, hand = queues[who], f"consumer-{who}", hands[who]
        match step:
            case "publish":
                await queue.publish(
                    [Outgoing(ACCOUNTS[n % 8], str(n).encode()) for n in range(published, published + much)]
                )
                published += much
            case "read":
                found = await queue.read(name, much, 1)
                read += found
                hand |= {message.place: message for message in found}
            case "acknowledge":
                await queue.acknowledge(list(hand.values())[:much])
                for place in list(hand)[:much]:
                    del hand[place]
            case "take over":
                taken = {message.place: message for message in await queue.take_over(name, 0, much)}
                for other in hands:
                    for place in taken:
                        other.pop(place, None)
                hand |= taken
            case "hand back":
                await queue.hand_back(name, list(hand.values())[:much])
            case "later":
                time.seconds += much / 25
    # Then each was delivered once, and none is lost
    last = queues[0]
    while found := await last.read("consumer-0", 100, 1):
        read += found
        await last.acknowledge(found)
    for hand in hands:
        await last.acknowledge(list(hand.values()))
    assert sorted(int(message.body) for message in read) == list(range(published))
    assert await last.depth() == 0
    assert sum((await last.holders()).values()) == 0
    await client.aclose()
