"""What fails is tried again on a schedule, and is a dead letter after the last try, once."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec
import pytest
import structlog
from prometheus_client import REGISTRY

from riskengine.domain.dead_letter import DeadLetter, Failure
from riskengine.pipeline import failing
from riskengine.pipeline.engines import Fixed
from riskengine.pipeline.failing import LARGEST_BODY, LONGEST_ERROR, LONGEST_STACK, Failing
from riskengine.resilience.retry import Schedule
from riskengine.scoring import Engine, money
from riskengine.storage import dead_letters
from riskengine.storage.database import Database
from riskengine.storage.dead_letters import Selection
from riskengine.streaming import messages
from riskengine.streaming.queue import Message
from tests.lettered import failure, pending, waits

ENGINE = Engine.starter()
MESSAGE = Message("transactions", b"1-0", b"")


def noting(database: Database, schedule: Schedule | None = None) -> Failing:
    return Failing(database, Fixed(ENGINE), schedule or Schedule(), worker="worker-7")


async def queue_again(database: Database) -> None:
    """What the relay does once a try is due."""
    async with database.connection() as connection:
        await connection.execute("UPDATE pending SET retry_at = NULL WHERE retry_at < 'infinity'")


async def letters(database: Database) -> list[DeadLetter]:
    return await dead_letters.page(database, Selection(), 1_000)


async def tries(database: Database) -> list[int]:
    """How often the pending transactions have failed."""
    async with database.connection() as connection:
        return [row["failures"] for row in await connection.fetch("SELECT failures FROM pending ORDER BY failures")]


class Waits(msgspec.Struct, frozen=True):
    """How long transactions wait by PostgreSQL's clock: seconds since before and since after they were told so."""

    since_before: list[float]
    since_after: list[float]


async def waits_of(database: Database, note: Awaitable[None]) -> Waits:
    """How long those wait that are to be tried again because of what is noted."""
    async with database.connection() as connection:
        before = await connection.fetchval("SELECT clock_timestamp()")
        await note
        after = await connection.fetchval("SELECT clock_timestamp()")
        due = [row["retry_at"] for row in await connection.fetch("SELECT retry_at FROM pending ORDER BY retry_at")]
    return Waits([(at - before).total_seconds() for at in due], [(at - after).total_seconds() for at in due])


async def test_the_schedule_doubles_and_ends_in_a_letter(database: Database) -> None:
    # Given a transaction that fails each time it is tried, without jitter
    (transaction,) = await pending(database, 1)
    noted = noting(database, Schedule(jitter=0.0))
    # When it fails four times, Then it is due after 1, 2 and 4 seconds, and not before the last failure a letter
    for seconds in (1.0, 2.0, 4.0):
        found = await waits_of(database, noted.note([failure(transaction.transaction_id)]))
        assert found.since_after[0] <= seconds <= found.since_before[0]
        assert await letters(database) == []
        await queue_again(database)
    await noted.note([failure(transaction.transaction_id, message_id="9-4")])
    # Then it waits for ever, and its letter says how often it was tried again, and with what
    assert await waits(database) == {transaction.transaction_id: float("inf")}
    (letter,) = await letters(database)
    assert (letter.transaction_id, letter.account_id) == (transaction.transaction_id, "alice")
    assert (letter.retry_count, letter.message_id, letter.worker) == (3, "9-4", "worker-7")
    assert letter.versions.keys() == {"riskengine", "ruleset", "catalogue", "rates", "lists", "model"}
    assert letter.versions["ruleset"] == ENGINE.versions.ruleset


@pytest.mark.parametrize(("jitter", "least", "most"), [(0.0, 100.0, 100.0), (0.1, 90.0, 110.0), (1.0, 0.0, 200.0)])
async def test_waits_vary_within_their_bounds(database: Database, jitter: float, least: float, most: float) -> None:
    # Given three hundred transactions
    made = await pending(database, 300)
    # When all fail at once, with a wait of 100 seconds
    noted = noting(database, Schedule(first_ms=100_000, jitter=jitter))
    found = await waits_of(database, noted.note([failure(t.transaction_id) for t in made]))
    # Then each waits that long, give or take the jitter, and they do not come back together
    assert least <= found.since_before[0]
    assert found.since_after[-1] <= most
    assert found.since_before[-1] - found.since_before[0] >= 0.9 * (most - least)


async def test_what_waits_already_is_left_alone(database: Database) -> None:
    # Given a transaction that failed, and whose message was not acknowledged
    (transaction,) = await pending(database, 1)
    noted = noting(database)
    await noted.note([failure(transaction.transaction_id)])
    before = await _rows(database)
    # When the same delivery fails again, and another one
    await noted.note([failure(transaction.transaction_id)])
    await noted.note([failure(transaction.transaction_id, message_id="2-0")])
    # Then nothing has changed
    assert await _rows(database) == before
    # And the same holds for what is dead
    await queue_again(database)
    for _ in range(3):
        await noting(database, Schedule(attempts=0)).note([failure(transaction.transaction_id)])
    assert len(await letters(database)) == 1


async def test_failures_of_one_transaction_at_once_count_once(database: Database) -> None:
    # Given transactions that several workers have in hand
    made = await pending(database, 20)
    workers = [noting(database) for _ in range(5)]
    # When all fail everywhere at once, some twice in one batch
    batch = [failure(t.transaction_id, message_id=f"{n}-0") for n, t in enumerate(made)]
    await asyncio.gather(*(one.note(batch[n * 2 :] + batch[: n * 2] + batch[:3]) for n, one in enumerate(workers)))
    # Then each has failed once
    assert await tries(database) == [1] * 20
    # And if that was the last time, each has one letter
    await queue_again(database)
    last = [noting(database, Schedule(attempts=1)) for _ in range(5)]
    await asyncio.gather(*(one.note([*batch, *batch]) for one in last))
    assert sorted(str(one.transaction_id) for one in await letters(database)) == sorted(
        str(t.transaction_id) for t in made
    )
    assert set((await waits(database)).values()) == {float("inf")}


async def test_what_is_decided_has_not_failed(database: Database) -> None:
    # Given a transaction that another worker decided meanwhile, and one that nobody knows
    decided, unknown = await pending(database, 2)
    async with database.connection() as connection:
        await connection.execute("DELETE FROM pending")
    # When their failures are noted, Then nothing comes of it
    await noting(database, Schedule(attempts=0)).bury(
        [failure(decided.transaction_id), failure(unknown.transaction_id)]
    )
    assert await letters(database) == []
    assert await waits(database) == {}


async def test_what_another_has_in_hand_is_left_to_them(database: Database) -> None:
    # Given two transactions, one of which somebody is about to decide
    held, free = await pending(database, 2)
    async with database.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM pending WHERE transaction_id = $1 FOR UPDATE", held.transaction_id)
        # When both fail, Then nobody waits, and the other one is to be tried again
        await noting(database).note([failure(held.transaction_id), failure(free.transaction_id)])
    assert await tries(database) == [0, 1]


async def test_an_unreadable_message_is_a_letter_at_once(database: Database) -> None:
    # Given a message of no schema that is known, delivered twice, and a large one
    with pytest.raises(messages.UnknownVersion) as unknown:
        messages.decode(b"\xc8body")
    large = failing.unreadable(Message("transactions", b"2-0", b"\xc8" * (LARGEST_BODY + 1)), unknown.value)
    once = failing.unreadable(Message("transactions", b"1-0", b"\xc8body"), unknown.value)
    before = _sample("riskengine_dead_letters_total")
    # When their failures are noted
    with structlog.testing.capture_logs() as logged:
        await noting(database).bury([once, once, large])
        await noting(database).bury([once])
    # Then each is a letter, with what there is of its body
    cut, whole = sorted(await letters(database), key=lambda letter: len(letter.body or b""), reverse=True)
    assert (whole.body, whole.message_id, whole.transaction_id, whole.account_id) == (b"\xc8body", "1-0", None, None)
    assert "schema version 200" in whole.error
    assert cut.body == b"\xc8" * LARGEST_BODY
    # And each was counted and logged once
    assert _sample("riskengine_dead_letters_total") == before + 2
    assert [line["event"] for line in logged] == ["dead_letter_made"] * 2


def test_failures_at_the_same_place_have_the_same_fingerprint() -> None:
    # Given what fails inside the engine, in one place and in another, with values of their own
    one, same = (_fault(lambda text=text: messages.decode(text)) for text in (b"\x01\xc1", b"\x01\xd9\x01a"))
    other = _fault(lambda: money.load("nothing"))
    # Then the same place has one fingerprint, whatever was said, and another has another
    assert one.error != same.error
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert "streaming/messages.py" in one.stack
    # And so has another class of error at the same place
    assert (
        failing.undecidable(MESSAGE, UUID(int=1), KeyError("x")).fingerprint
        != failing.undecidable(MESSAGE, UUID(int=1), ValueError("x")).fingerprint
    )


def test_what_is_kept_of_an_error_is_bounded() -> None:
    def down(depth: int) -> None:
        if depth == 0:
            raise ValueError("\ud800\0" + "x" * 5_000)
        further(depth)

    def further(depth: int) -> None:  # frames that are the same again and again would be shown as one
        down(depth - 1)

    found = _fault(lambda: down(100))
    assert len(found.error) == LONGEST_ERROR
    assert found.error.startswith("?\N{REPLACEMENT CHARACTER}x")
    assert len(found.stack) == LONGEST_STACK
    assert found.stack.rstrip().endswith('raise ValueError("\\ud800\\0" + "x" * 5_000)')


def _fault(step: Callable[[], object]) -> Failure:
    try:
        step()
    except Exception as error:
        return failing.undecidable(MESSAGE, UUID(int=1), error)
    raise AssertionError("it did not fail")


async def _rows(database: Database) -> list[tuple[object, ...]]:
    async with database.connection() as connection:
        return [tuple(row) for row in await connection.fetch("SELECT * FROM pending")]


def _sample(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0.0
