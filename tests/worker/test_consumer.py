"""A consumer acknowledges what is decided, and nothing before."""

import asyncio
from collections.abc import Sequence

import pytest
from msgspec import structs
from redis.asyncio import Redis

from riskengine.domain.dead_letter import Failure
from riskengine.domain.errors import ConfigurationError, Overloaded, Unavailable
from riskengine.domain.transaction import Transaction
from riskengine.pipeline.decide import Decided, Decider
from riskengine.pipeline.engines import Fixed
from riskengine.pipeline.failing import Failing
from riskengine.pipeline.recall import Recall
from riskengine.resilience.retry import Schedule
from riskengine.scoring import shared
from riskengine.scoring.engine import Engine
from riskengine.state.histories import Histories
from riskengine.storage import dead_letters, submissions
from riskengine.storage.database import Database
from riskengine.storage.dead_letters import Selection
from riskengine.streaming import messages
from riskengine.streaming.queue import Queue
from riskengine.worker.claims import Claims
from riskengine.worker.consumer import Consumer
from riskengine.worker.crew import Crew
from riskengine.worker.deliveries import MOST_DELIVERIES
from riskengine.worker.turns import Turns
from tests import factories

ENGINE = Engine.starter()


class Interrupted(Decider):
    """A decider to whom a part is away: the first `times`, either before anything happens or after the commit."""

    times = 0
    after_commit = False
    fault: Exception = Unavailable("postgresql")

    async def decide(self, transactions: Sequence[Transaction]) -> Decided:
        if self.times and not self.after_commit:
            self.times -= 1
            raise self.fault
        done = await super().decide(transactions)
        if self.times:
            self.times -= 1
            raise Unavailable("redis")
        return done


class Dying(Failing):
    """Whose process dies when failures are to be noted: just before that, or just after."""

    def __init__(self, database: Database, *, after: bool) -> None:
        super().__init__(database, Fixed(ENGINE), Schedule(attempts=0), worker="test")
        self._after = after

    async def note(self, failures: Sequence[Failure]) -> None:
        if self._after:
            await super().note(failures)
        raise SystemError("died")

    async def bury(self, failures: Sequence[Failure]) -> None:
        if self._after:
            await super().bury(failures)
        raise SystemError("died")


@pytest.fixture
def decider(database: Database, redis: Redis) -> Interrupted:
    histories = Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS)
    return Interrupted(database, Recall(database, histories, Fixed(ENGINE)), Fixed(ENGINE))


@pytest.fixture
def failing(database: Database) -> Failing:
    return Failing(database, Fixed(ENGINE), Schedule(), worker="test")


def _consumer(
    name: str, queue: Queue, decider: Decider, failing: Failing, stopping: asyncio.Event | None = None
) -> Consumer:
    crew = Crew(Claims(), Turns(100), stopping or asyncio.Event())
    return Consumer(name, queue, decider, failing, crew, batch_size=100)


async def _published(database: Database, queue: Queue, count: int) -> list[Transaction]:
    made = [factories.submission(account_id=f"a{n % 3}") for n in range(count)]
    async with database.connection() as connection:
        await submissions.store(connection, made)
    await queue.publish([messages.outgoing(s.transaction) for s in made])
    return [s.transaction for s in made]


async def _decided(database: Database) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM decisions"))


async def test_what_is_decided_leaves_the_queue(
    database: Database, queue: Queue, decider: Interrupted, failing: Failing
) -> None:
    # Given twenty transactions on the queue, one of them twice, and something that is none
    first, *_ = await _published(database, queue, 20)
    await queue.publish([messages.outgoing(first), *factories.outgoing(b"\x01rubbish")])
    # When a consumer works on them
    assert await _consumer("one", queue, decider, failing).work(await queue.read("one", 100, 10))
    # Then all are decided once, and the queue is empty
    assert await _decided(database) == 20
    assert await queue.depth() == 0


@pytest.mark.parametrize("after_commit", [False, True])
async def test_a_part_that_is_away_pauses_and_loses_nothing(
    database: Database, queue: Queue, decider: Interrupted, failing: Failing, after_commit: bool
) -> None:
    # Given transactions, and a part that is away two times, before or after the commit
    await _published(database, queue, 10)
    decider.times, decider.after_commit = 2, after_commit
    # When a consumer works on them
    assert await _consumer("one", queue, decider, failing).work(await queue.read("one", 100, 10))
    # Then they are decided once all the same
    assert decider.times == 0
    assert await _decided(database) == 10
    assert await queue.depth() == 0


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("readable", [False, True])
async def test_a_failure_is_noted_before_its_message_is_acknowledged(
    database: Database, queue: Queue, decider: Interrupted, after: bool, readable: bool
) -> None:
    # Given a message that cannot be decided, and a worker that dies where it would note that
    poison = factories.submission(amount="NaN")
    async with database.connection() as connection:
        await submissions.store(connection, [poison])
    await queue.publish(factories.outgoing(messages.encode(poison.transaction) if readable else b"rubbish"))
    with pytest.raises(SystemError):
        await _consumer("one", queue, decider, Dying(database, after=after)).work(await queue.read("one", 100, 10))
    # Then the message is still there
    assert await queue.depth() == 1
    # When another takes over
    failing = Failing(database, Fixed(ENGINE), Schedule(attempts=0), worker="test")
    await _consumer("two", queue, decider, failing).take_over(0)
    # Then there is one letter, and no message
    (letter,) = await dead_letters.page(database, Selection(), 10)
    assert letter.transaction_id == (poison.transaction.transaction_id if readable else None)
    assert await queue.depth() == 0


async def test_a_message_that_consumers_die_of_is_a_letter(
    database: Database, queue: Queue, decider: Interrupted, failing: Failing
) -> None:
    # Given a message that was delivered many times, and settled by nobody
    await _published(database, queue, 1)
    (message,) = await queue.read("one", 1, 10)
    # When it is delivered once too often
    again = structs.replace(message, deliveries=MOST_DELIVERIES + 1)
    assert await _consumer("one", queue, decider, failing).work([again])
    # Then nobody touches it any more
    (letter,) = await dead_letters.page(database, Selection(), 10)
    assert (letter.error_class, letter.account_id, letter.retry_count) == ("WorkersDied", "a0", 0)
    assert (await _decided(database), await queue.depth()) == (0, 0)


async def test_who_is_told_to_stop_acknowledges_nothing_undecided(
    database: Database, queue: Queue, decider: Interrupted, failing: Failing
) -> None:
    # Given a consumer that is told to stop while a part is away for long
    await _published(database, queue, 10)
    decider.times = 1_000_000
    stopping = asyncio.Event()
    stopping.set()
    finished = await _consumer("one", queue, decider, failing, stopping).work(await queue.read("one", 100, 10))
    assert not finished
    assert await queue.depth() == 10
    # When another takes over
    decider.times = 0
    await _consumer("two", queue, decider, failing).take_over(0)
    # Then all are decided
    assert await _decided(database) == 10
    assert await queue.depth() == 0


async def test_a_consumer_that_stops_leaves_the_group(
    database: Database, queue: Queue, decider: Interrupted, failing: Failing, redis: Redis
) -> None:
    # Given a consumer at work
    await _published(database, queue, 5)
    stopping = asyncio.Event()
    consumer = _consumer("one", queue, decider, failing, stopping)
    running = asyncio.create_task(consumer.run())
    async with asyncio.timeout(20):
        while await _decided(database) < 5:
            await asyncio.sleep(0.01)
    # When it is told to stop
    stopping.set()
    await asyncio.wait_for(running, 20)
    await consumer.leave()
    # Then the group knows it no more
    assert await redis.xinfo_consumers("transactions", "scoring-workers") == []


class Allergic(Decider):
    """A decider that fails as a whole if a batch holds a transaction of the account `poison`."""

    async def decide(self, transactions: Sequence[Transaction]) -> Decided:
        if any(t.account_id == "poison" for t in transactions):
            raise ZeroDivisionError("poison")
        return await super().decide(transactions)


async def _poisoned(database: Database, queue: Queue) -> Transaction:
    """Nine transactions on the queue, and in their middle one that cannot be decided."""
    made = [factories.submission(account_id="poison" if n == 4 else f"a{n}") for n in range(10)]
    async with database.connection() as connection:
        await submissions.store(connection, made)
    await queue.publish([messages.outgoing(s.transaction) for s in made])
    return made[4].transaction


async def test_what_fails_a_batch_is_found_and_its_neighbours_are_decided_at_once(
    database: Database, queue: Queue, redis: Redis, failing: Failing
) -> None:
    # Given a batch that fails as a whole because of one transaction
    poison = await _poisoned(database, queue)
    histories = Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS)
    allergic = Allergic(database, Recall(database, histories, Fixed(ENGINE)), Fixed(ENGINE))
    # When a consumer works on it
    assert await _consumer("one", queue, allergic, failing).work(await queue.read("one", 100, 10))
    # Then all others are decided, the queue is empty, and the one waits for its next try
    assert await _decided(database) == 9
    assert await queue.depth() == 0
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT transaction_id, failures, retry_at > now() AS later FROM pending")
    assert [tuple(row) for row in rows] == [(poison.transaction_id, 1, True)]


@pytest.mark.parametrize("fault", [Unavailable("postgresql"), Overloaded("others are faster"), ConfigurationError("x")])
async def test_what_is_nobodys_fault_costs_no_tries(
    database: Database, queue: Queue, decider: Interrupted, failing: Failing, fault: Exception
) -> None:
    # Given a part that is away, or a database that is not ready, five times
    await _published(database, queue, 10)
    decider.times, decider.fault = 5, fault
    # When a consumer works on the messages
    assert await _consumer("one", queue, decider, failing).work(await queue.read("one", 100, 10))
    # Then all are decided in the end, and none was ever counted as failed
    assert await _decided(database) == 10
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM dead_letters") == 0


async def test_nothing_is_acknowledged_while_its_failure_cannot_be_noted(
    database: Database, queue: Queue, redis: Redis, failing: Failing
) -> None:
    # Given a transaction that cannot be decided, and PostgreSQL away when that is to be noted
    await _poisoned(database, queue)
    histories = Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS)
    allergic = Allergic(database, Recall(database, histories, Fixed(ENGINE)), Fixed(ENGINE))
    stopping = asyncio.Event()
    stopping.set()
    consumer = _consumer("one", queue, allergic, Forgetful(database), stopping)
    # When a consumer that is told to stop works on it
    assert not await consumer.work(await queue.read("one", 100, 10))
    await consumer.leave()
    # Then another has it at once, and notes it
    assert await queue.depth() == 10
    await _consumer("two", queue, allergic, failing).take_over(60 * 60_000)
    assert await queue.depth() == 0
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT failures FROM pending") == 1


async def test_rubbish_is_not_acknowledged_while_it_cannot_be_kept(
    database: Database, queue: Queue, decider: Interrupted, failing: Failing
) -> None:
    # Given a message that is no transaction, and PostgreSQL away when it is to be kept as a dead letter
    await queue.publish(factories.outgoing(b"\x01rubbish"))
    stopping = asyncio.Event()
    stopping.set()
    consumer = _consumer("one", queue, decider, Forgetful(database), stopping)
    # When a consumer that is told to stop works on it, then it is still there
    assert not await consumer.work(await queue.read("one", 100, 10))
    await consumer.leave()
    assert await queue.depth() == 1
    # And another keeps it, and only then it is gone
    await _consumer("two", queue, decider, failing).take_over(60 * 60_000)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT body FROM dead_letters") == b"\x01rubbish"
    assert await queue.depth() == 0


class Forgetful(Failing):
    """PostgreSQL is away whenever a failure is to be noted."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, Fixed(ENGINE), Schedule(), worker="test")

    async def note(self, failures: Sequence[Failure]) -> None:
        raise Unavailable("postgresql")

    async def bury(self, failures: Sequence[Failure]) -> None:
        raise Unavailable("postgresql")


async def test_a_message_that_consumers_keep_dying_of_is_worked_on_alone_and_then_buried(
    database: Database, queue: Queue, decider: Interrupted, failing: Failing
) -> None:
    # Given two transactions, of which one was delivered again and again to consumers that were never heard of again
    await _published(database, queue, 1)
    (deadly,) = await queue.read("dead", 1, 10)
    for number in range(MOST_DELIVERIES - 1):
        await queue.take_over(f"dead-{number}", 0, 10)
    await _published(database, queue, 1)
    await queue.read("dead", 1, 10)
    # When a consumer takes over
    await _consumer("one", queue, decider, failing).take_over(0)
    # Then the other is decided, and the deadly one is a dead letter
    assert await queue.depth() == 0
    assert await _decided(database) == 1
    async with database.connection() as connection:
        row = await connection.fetchrow("SELECT error_class, message_id, retry_count FROM dead_letters")
    assert tuple(row) == ("WorkersDied", deadly.message_id.decode(), 0)
