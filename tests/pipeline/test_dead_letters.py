"""What people do about dead letters is done once, told whole, and written down."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest
import structlog
from msgspec.structs import replace

from riskengine.domain import clock, ids
from riskengine.domain.errors import ConfigurationError, InvalidInput, Unavailable
from riskengine.pipeline.dead_letters import (
    DEFAULT_RATE,
    HIGHEST_RATE,
    LARGEST_MOST,
    LEAST_RATE,
    MOST_NAMED,
    PIECE,
    DeadLetters,
    Discarded,
    LeftAlone,
    Replayed,
    check,
)
from riskengine.storage import dead_letters
from riskengine.storage.database import Database
from riskengine.storage.dead_letters import By, Selection
from riskengine.streaming import messages
from riskengine.streaming.queue import Outgoing, Queue
from tests import factories, lettered
from tests.lettered import dead, every, status, unreadable, waits

ANN = By("ann", "corrected with 0.1.1")
EVERYTHING = Selection()


def letters(database: Database, queue: Queue) -> DeadLetters:
    return DeadLetters(database, queue.publish)


async def replay(
    database: Database,
    queue: Queue,
    wanted: Selection = EVERYTHING,
    most: int = 1_000,
    rate: float = DEFAULT_RATE,
) -> Replayed:
    return await letters(database, queue).replay(wanted, ANN, most=most, rate=rate)


def fields(refused: pytest.ExceptionInfo[InvalidInput]) -> list[str]:
    return [fault.path for fault in refused.value.fields]


async def test_a_replay_is_done_once_and_written_down(database: Database, queue: Queue) -> None:
    # Given thirty letters
    made = await dead(database, 30)
    # When all are replayed
    with structlog.testing.capture_logs() as logged:
        done = await replay(database, queue)
        # And again
        again = await replay(database, queue)
    # Then their transactions are queued again one after the other, once
    assert done == Replayed(30, 0, (), more=False)
    assert again == Replayed(0, 0, (), more=False)
    assert {await status(database, letter) for letter in made} == {"replayed"}
    due = sorted(seconds or 0.0 for seconds in (await waits(database)).values())
    assert due[-1] - due[0] == pytest.approx(29 / DEFAULT_RATE, abs=0.01)
    # And the log says by whom, and the letters also why
    assert logged == [{"event": "dead_letters_replayed", "log_level": "info", "count": 30, "by": "ann"}]
    letter = await dead_letters.get(database, made[0])
    assert letter is not None
    assert (letter.changed_by, letter.note) == ("ann", ANN.note)


async def test_replays_at_once_share_the_letters(database: Database, queue: Queue) -> None:
    # Given letters on transactions, and on messages that can be read by now
    await dead(database, 30)
    bodies = [messages.encode(factories.transaction()) for _ in range(30)]
    await unreadable(database, bodies)
    # When four replay all of them at once
    done = await asyncio.gather(*(replay(database, queue) for _ in range(4)))
    # Then each is replayed once, and each message is once in the queue
    assert sum(one.transactions for one in done) == 30
    assert sum(one.messages for one in done) == 30
    assert sorted(m.body for m in await queue.read("one", 100, 10)) == sorted(bodies)


async def test_messages_that_can_be_read_now_are_in_the_queue_again(database: Database, queue: Queue) -> None:
    # Given more messages than are looked at in one go, every third of which still cannot be read
    readable = [messages.encode(factories.transaction()) for _ in range(PIECE)]
    bodies = [body for each in zip(readable, readable[::-1], strict=True) for body in each]
    bodies = [lettered.RUBBISH if n % 3 == 0 else body for n, body in enumerate(bodies)]
    made = await unreadable(database, bodies)
    still = sum(body == lettered.RUBBISH for body in bodies)
    # When all are replayed
    done = await replay(database, queue)
    # Then those that can be read are in the queue as they were, and the others are left alone, with why
    assert (done.messages, len(done.left_alone)) == (len(bodies) - still, still)
    assert {left.why for left in done.left_alone} == {
        "still cannot be read: the message has schema version 9; this worker reads up to 2"
    }
    published = [m.body for m in await queue.read("one", 1_000, 10)]
    assert sorted(published) == sorted(body for body in bodies if body != lettered.RUBBISH)
    left = {each.letter_id for each in done.left_alone}
    assert {letter for letter in made if await status(database, letter) == "open"} == left
    # And no second time
    assert (await replay(database, queue)).messages == 0
    assert await queue.read("one", 1_000, 10) == []


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (Unavailable("redis"), "could be read now, but redis does not answer; replay it once it does"),
        (ConfigurationError("set X"), "could be read now, but there is no way to the queue: set X"),
    ],
)
async def test_without_a_queue_only_messages_are_left_alone(
    database: Database, queue: Queue, error: Exception, why: str
) -> None:
    # Given a letter on a transaction and one on a message, and no queue
    await dead(database, 1)
    (message,) = await unreadable(database, [messages.encode(factories.transaction())])

    async def away(items: Sequence[Outgoing]) -> None:
        raise error

    # When all are replayed
    done = await DeadLetters(database, away).replay(EVERYTHING, ANN, most=9, rate=1)
    # Then the transaction is, for PostgreSQL is enough for that, and the message is not
    assert done == Replayed(1, 0, (LeftAlone(message, why),), more=False)
    assert await status(database, message) == "open"
    # But is once there is one
    assert (await replay(database, queue)).messages == 1


async def test_of_named_letters_all_that_is_not_done_is_told(database: Database, queue: Queue) -> None:
    # Given letters that stand everywhere
    opened, replayed, discarded, decided = await dead(database, 4)
    (message,) = await unreadable(database, [lettered.RUBBISH])
    unknown = ids.new()
    await replay(database, queue, Selection(letter_ids=(replayed,)))
    await letters(database, queue).discard(Selection(letter_ids=(discarded,)), ANN, most=1)
    gone = await dead_letters.get(database, decided)
    assert gone is not None
    async with database.connection() as connection:
        await connection.execute("DELETE FROM pending WHERE transaction_id = $1", gone.transaction_id)
    named = Selection(letter_ids=(opened, replayed, discarded, decided, message, unknown))
    # When they are replayed by name
    done = await replay(database, queue, named)
    # Then what was open or discarded is, and of the others it is said why not
    assert (done.transactions, done.messages, done.more) == (2, 0, False)
    assert _reasons(done.left_alone) == {
        replayed: "was replayed before",
        decided: "its transaction is decided",
        message: "still cannot be read",
        unknown: "does not exist",
    }
    # And the same when they are discarded
    ended = await letters(database, queue).discard(named, ANN, most=9)
    assert ended.letters == 1
    assert _reasons(ended.left_alone) == {
        opened: "was replayed before",
        replayed: "was replayed before",
        discarded: "was replayed before",
        decided: "its transaction is decided",
        unknown: "does not exist",
    }


async def test_the_limit_ends_a_replay_and_says_so(database: Database, queue: Queue) -> None:
    # Given five transactions and three messages
    made = await dead(database, 5)
    await unreadable(database, [messages.encode(factories.transaction()) for _ in range(3)])
    # When up to four, six and a hundred are replayed
    done = [await replay(database, queue, most=most) for most in (4, 3, 100)]
    # Then each goes on where the other ended
    assert done == [Replayed(4, 0, (), more=True), Replayed(1, 2, (), more=True), Replayed(0, 1, (), more=False)]
    # And what is named beyond the limit is told, too
    first, second = await dead(database, 2, "bob")
    named = await replay(database, queue, Selection(letter_ids=(first, second)), most=1)
    assert (named.transactions, _reasons(named.left_alone)) == (1, {second: "is beyond the limit"})
    assert len(made) == 5


async def test_filters_mean_open_letters(database: Database, queue: Queue) -> None:
    # Given letters of two accounts, some of them discarded
    alice = await dead(database, 3, "alice")
    bob = await dead(database, 2, "bob", KeyError("x"))
    done = await letters(database, queue).discard(Selection(letter_ids=(alice[0],)), ANN, most=9)
    assert done == Discarded(1, (), more=False)
    # When those of one account, or with one error, are replayed
    assert (await replay(database, queue, Selection(account_id="alice"))).transactions == 2
    assert (await replay(database, queue, Selection(error_class="KeyError"))).transactions == 2
    # Then what was discarded still is
    assert await every(database, Selection(status="discarded")) == [alice[0]]
    assert await every(database, Selection(status="replayed")) == sorted([*alice[1:], *bob], reverse=True)


async def test_a_discard_is_done_once_and_written_down(database: Database, queue: Queue) -> None:
    # Given letters
    made = [*await dead(database, 3), *await unreadable(database, [lettered.RUBBISH])]
    # When they are discarded, three of them first
    with structlog.testing.capture_logs() as logged:
        done = [await letters(database, queue).discard(EVERYTHING, ANN, most=most) for most in (3, 9, 9)]
    # Then each is, once, and the log says by whom
    assert done == [Discarded(3, (), more=True), Discarded(1, (), more=False), Discarded(0, (), more=False)]
    assert {await status(database, letter) for letter in made} == {"discarded"}
    assert [(line["event"], line["count"], line["by"]) for line in logged] == [
        ("dead_letters_discarded", 3, "ann"),
        ("dead_letters_discarded", 1, "ann"),
    ]


@pytest.mark.parametrize(
    ("wanted", "by", "most", "rate", "expected"),
    [
        (EVERYTHING, ANN, 0, 1.0, ["limit"]),
        (EVERYTHING, ANN, LARGEST_MOST + 1, 1.0, ["limit"]),
        (EVERYTHING, ANN, 1, LEAST_RATE / 2, ["rate"]),
        (EVERYTHING, ANN, 1, HIGHEST_RATE * 2, ["rate"]),
        (EVERYTHING, ANN, 1, float("nan"), ["rate"]),
        (EVERYTHING, By("ann", "x" * 501), 1, 1.0, ["note"]),
        (EVERYTHING, By("ann", "card 4111 1111 1111 1111"), 1, 1.0, ["note"]),
        (Selection(letter_ids=()), ANN, 1, 1.0, ["letter_ids"]),
        (Selection(letter_ids=(UUID(int=1),) * (MOST_NAMED + 1)), ANN, 1, 1.0, ["letter_ids"]),
        (Selection(letter_ids=(UUID(int=1),), account_id="a"), ANN, 1, 1.0, ["letter_ids"]),
        (Selection(account_id="\0", fingerprint="\ud800"), ANN, 0, 0.0, ["fingerprint", "account_id", "limit", "rate"]),
        (Selection(since=-1, until=clock.DAY * 10**9), ANN, 1, 1.0, ["from", "to"]),
    ],
)
async def test_what_cannot_be_meant_is_refused_whole(
    database: Database,
    queue: Queue,
    *,
    wanted: Selection,
    by: By,
    most: int,
    rate: float,
    expected: list[str],
) -> None:
    # Given a letter
    await dead(database, 1)
    # When something is asked for that makes no sense, Then every fault is named, and nothing is done
    with pytest.raises(InvalidInput) as refused:
        await letters(database, queue).replay(wanted, by, most=most, rate=rate)
    assert fields(refused) == expected
    assert len(await every(database, Selection(status="open"))) == 1


async def test_a_discard_needs_a_reason(database: Database, queue: Queue) -> None:
    (letter,) = await dead(database, 1)
    with pytest.raises(InvalidInput) as refused:
        await letters(database, queue).discard(EVERYTHING, replace(ANN, note=" "), most=1)
    assert fields(refused) == ["note"]
    assert await status(database, letter) == "open"


def test_what_can_be_looked_for() -> None:
    check(Selection(fingerprint="é", since=0, until=clock.now_ms()))
    with pytest.raises(InvalidInput):
        check(Selection(error_class="a\0"))


def _reasons(left_alone: Sequence[LeftAlone]) -> dict[UUID, str]:
    """Why letters were left alone, up to where it becomes detailed."""
    return {each.letter_id: each.why.partition(":")[0].partition(",")[0] for each in left_alone}
