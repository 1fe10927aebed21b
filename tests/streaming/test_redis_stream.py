"""The contract of the queue, on a real Valkey."""

import msgspec
import pytest
from redis.asyncio import Redis

from riskengine.domain import clock
from riskengine.domain.errors import Malformed, Unavailable
from riskengine.resilience import redis as connections
from riskengine.streaming import messages
from riskengine.streaming.redis_stream import GROUP, STREAM, RedisStream
from tests import factories


async def test_each_message_goes_to_one_consumer_in_order(queue: RedisStream) -> None:
    # Given five messages in a queue that nobody has read before
    await queue.publish([bytes([n]) for n in range(5)])
    # When two consumers read
    first = await queue.read("one", 3, 10)
    second = await queue.read("two", 3, 10)
    # Then each message is delivered once, in order, and then there is none
    assert [m.body for m in first] == [b"\x00", b"\x01", b"\x02"]
    assert [m.body for m in second] == [b"\x03", b"\x04"]
    assert await queue.read("one", 3, 10) == []


async def test_what_is_acknowledged_leaves_the_queue_and_the_rest_stays(queue: RedisStream) -> None:
    # Given two delivered messages
    before = clock.now_ms()
    await queue.publish([b"a", b"b"])
    taken = await queue.read("one", 2, 10)
    # When one is acknowledged
    await queue.acknowledge(taken[:1])
    # Then the other is still counted, with the time it was published
    assert await queue.depth() == 1
    oldest = await queue.oldest()
    assert oldest is not None
    assert abs(oldest - before) < clock.MINUTE
    await queue.acknowledge(taken[1:])
    assert (await queue.depth(), await queue.oldest()) == (0, None)


async def test_messages_of_a_dead_consumer_are_taken_over(queue: RedisStream) -> None:
    # Given a consumer that read three messages, acknowledged one and was heard of no more
    await queue.publish([b"a", b"b", b"c"])
    taken = await queue.read("dead", 3, 10)
    await queue.acknowledge(taken[:1])
    # When another takes over what has been idle
    assert await queue.take_over("alive", 60_000, 10) == []
    found = await queue.take_over("alive", 0, 10)
    # Then it gets what was not acknowledged
    assert [m.body for m in found] == [b"b", b"c"]


async def test_what_is_taken_over_says_how_often_it_was_delivered(queue: RedisStream) -> None:
    # Given two messages, one of which two consumers had before
    await queue.publish([b"a"])
    await queue.read("first", 1, 10)
    await queue.take_over("second", 0, 10)
    await queue.publish([b"b"])
    (fresh,) = await queue.read("first", 1, 10)
    # When a third takes over both
    found = await queue.take_over("third", 0, 10)
    # Then each says how often it was delivered, this time included
    assert fresh.deliveries == 1
    assert [(m.body, m.deliveries) for m in found] == [(b"a", 3), (b"b", 2)]


async def test_what_is_handed_back_is_taken_over_at_once_and_counts_for_nothing(queue: RedisStream) -> None:
    # Given a consumer with two messages, of which it dealt with one
    await queue.publish([b"a", b"b"])
    taken = await queue.read("leaving", 2, 10)
    await queue.acknowledge(taken[:1])
    # When it hands back what it has
    await queue.hand_back("leaving", taken)
    # Then another gets the rest, long before it would count as left behind, as if it had never been delivered
    found = await queue.take_over("other", 60 * 60_000, 10)
    assert [(m.body, m.deliveries) for m in found] == [(b"b", 1)]


async def test_a_consumer_that_holds_something_cannot_leave(queue: RedisStream, redis: Redis) -> None:
    # Given a consumer that holds a message
    await queue.publish([b"a"])
    taken = await queue.read("one", 1, 10)
    # When it leaves all the same, then nothing happens: nobody else would ever get the message
    await queue.leave("one")
    assert [m.body for m in await queue.take_over("two", 0, 10)] == [b"a"]
    # But what holds nothing may leave
    await queue.acknowledge(taken)
    await queue.leave("one")
    await queue.leave("two")
    assert await redis.xinfo_consumers(STREAM, GROUP) == []


async def test_publishing_says_how_much_there_is(queue: RedisStream) -> None:
    assert await queue.publish([b"a", b"b"]) == 2
    await queue.read("one", 1, 10)
    assert await queue.publish([b"c"]) == 3


async def test_the_queue_makes_itself_again_when_the_server_was_emptied(queue: RedisStream, redis: Redis) -> None:
    # Given a queue that was read, on a server that then loses everything
    await queue.publish([b"a"])
    await queue.read("one", 1, 10)
    await redis.flushall()
    # When life goes on
    await queue.publish([b"b"])
    # Then what is published after is delivered
    assert [m.body for m in await queue.read("one", 1, 10)] == [b"b"]


async def test_on_an_emptied_server_there_is_nobody_to_retire_or_to_leave(queue: RedisStream) -> None:
    # Given a server without the stream
    # When consumers are retired and one leaves
    await queue.retire(0)
    await queue.leave("one")
    # Then the queue is there, and empty
    assert await queue.take_over("two", 0, 10) == []


async def test_idle_consumers_that_hold_nothing_are_retired(queue: RedisStream, redis: Redis) -> None:
    # Given one consumer that holds a message and one that holds none
    await queue.publish([b"a"])
    await queue.read("holder", 1, 10)
    await queue.read("idler", 1, 10)
    # When idle ones are retired
    await queue.retire(-1)
    # Then only the one that holds something is left
    assert [c["name"] for c in await redis.xinfo_consumers(STREAM, GROUP)] == [b"holder"]


async def test_an_absent_server_is_one_clear_error() -> None:
    # Given a queue on a port where nothing listens
    client = connections.connect("redis://127.0.0.1:1/0", "test")
    # When it is used, then it says what is away
    with pytest.raises(Unavailable, match="redis does not answer"):
        await RedisStream(client).publish([b"a"])
    await client.aclose()


def test_a_message_carries_the_transaction_exactly() -> None:
    # Given a transaction with an amount that no float holds
    given = factories.transaction(
        amount="9999999999999.99", latitude=50.1, longitude=-4.2, merchant="Ærø", channel="atm", card_bin="456712"
    )
    # When it goes through the codec, then it is the same
    assert messages.decode(messages.encode(given)) == given


def test_a_message_from_before_a_field_was_added_is_still_read() -> None:
    # Given a message without the field that was added last
    given = factories.transaction(merchant="Ærø", beneficiary="b")
    whole = msgspec.msgpack.decode(messages.encode(given)[1:])
    older = messages.encode(given)[:1] + msgspec.msgpack.encode(whole[:-1])
    # When it is read, then the field is absent
    assert messages.decode(older) == given
    assert len(whole) == len(given.__struct_fields__)


def test_this_version_and_the_next_read_each_others_messages() -> None:
    # Given a message of the next version, which has one field more
    given = factories.transaction(merchant="Ærø", card_bin="456712")
    fields = msgspec.msgpack.decode(messages.encode(given)[1:])
    newer = bytes([messages.VERSION + 1]) + msgspec.msgpack.encode([*fields, "what a later version knows"])
    # When this version reads it, then it is the same transaction
    assert messages.decode(newer) == given
    # And when the next version, which has a default for it, reads ours, then it is too
    assert messages.VERSION in range(messages.READABLE[0], messages.VERSION + 2)
    later = msgspec.defstruct(
        "Later",
        [*_fields(type(given)), ("whatever", str | None, None)],
        array_like=True,
    )
    read = msgspec.msgpack.decode(messages.encode(given)[1:], type=later)
    assert (read.transaction_id, read.card_bin, read.whatever) == (given.transaction_id, "456712", None)


def test_a_version_after_the_next_is_told_apart_from_rubbish() -> None:
    body = bytes([messages.VERSION + 2]) + messages.encode(factories.transaction())[1:]
    with pytest.raises(messages.UnknownVersion, match=f"schema version {messages.VERSION + 2}"):
        messages.decode(body)


def _fields(struct: type[msgspec.Struct]) -> list[tuple[str, object, object]]:
    return [
        (field.name, field.type, *([] if field.required else [field.default]))
        for field in msgspec.structs.fields(struct)
    ]


@pytest.mark.parametrize("body", [b"", b"\x01", b"\x02\x90", b"\x01\xff\xff", b"garbage", b"\x01\x93\x01\x02\x03"])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        messages.decode(body)
