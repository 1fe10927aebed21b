"""Who is dead is known by its missed heartbeat, and nobody is thought dead for what PostgreSQL went through."""

import pytest
from redis.asyncio import Redis

from riskengine.domain.errors import ConfigurationError
from riskengine.domain.release import RunningVersions
from riskengine.storage import processes
from riskengine.storage.database import Database
from riskengine.storage.processes import Identity, State
from riskengine.streaming.partitioned_stream import PartitionedStream
from riskengine.streaming.queue import Outgoing
from riskengine.worker.deaths import SOUND_FOR, Deaths
from tests.clock import Clock

US, OTHER, API = (Identity(f"{role}-host-{n}", role, 1_000) for n, role in enumerate(("worker", "worker", "api")))
DEAD = "worker-gone-7-0"


@pytest.fixture
def time() -> Clock:
    return Clock()


@pytest.fixture
async def queue(redis: Redis) -> PartitionedStream:
    """A queue with messages in the hands of two living workers, a dead one, and one that holds nothing."""
    queue = PartitionedStream(redis, 4)
    await queue.publish([Outgoing(f"a{n}", b"x") for n in range(40)])
    for consumer in (f"{US.process_id}-0", f"{OTHER.process_id}-3", DEAD):
        assert await queue.read(consumer, 4, 1_000)
    idle = await queue.read("worker-idle-9-0", 4, 1_000)
    await queue.acknowledge(idle)
    return queue


async def _beat(database: Database, *who: Identity) -> None:
    for each in who:
        await processes.renew(database, each, State(RunningVersions(1, 1, 1, 1, None, 0)))


async def _long_looking(database: Database, queue: PartitionedStream, time: Clock) -> Deaths:
    """Of a worker that has looked for long enough, and knows of another that lives."""
    await _beat(database, US, OTHER)
    deaths = Deaths(database, queue, US.process_id, time)
    await deaths.consumers()
    time.seconds += SOUND_FOR
    return deaths


async def test_a_missed_heartbeat_is_a_death(database: Database, queue: PartitionedStream, time: Clock) -> None:
    # Given a worker among others
    await _beat(database, US, OTHER, API)
    deaths = Deaths(database, queue, US.process_id, time)
    # When it has just begun to look, Then it takes nobody for dead
    assert await deaths.consumers() == []
    # But once it has looked for long enough, the one that says nothing
    time.seconds += SOUND_FOR
    assert await deaths.consumers() == [DEAD]


async def test_who_is_not_known_itself_knows_of_no_deaths(
    database: Database, queue: PartitionedStream, time: Clock
) -> None:
    # Given a worker that has looked for long enough
    deaths = await _long_looking(database, queue, time)
    assert await deaths.consumers() == [DEAD]
    # When PostgreSQL has forgotten all processes, and hears again of one after the other
    async with database.connection() as connection:
        await connection.execute("DELETE FROM processes")
    assert await deaths.consumers() == []
    await _beat(database, US)
    # Then nobody is dead until the others have had their time
    assert await deaths.consumers() == []
    time.seconds += SOUND_FOR - 1
    assert await deaths.consumers() == []
    await _beat(database, OTHER)
    time.seconds += 1
    assert await deaths.consumers() == [DEAD]


async def test_while_postgresql_cannot_say_who_lives_nobody_is_dead(
    database: Database, queue: PartitionedStream, time: Clock
) -> None:
    # Given a worker that has looked for long enough
    deaths = await _long_looking(database, queue, time)
    # When PostgreSQL cannot say who lives
    async with database.connection() as connection:
        await connection.execute("ALTER TABLE processes RENAME TO gone")
        with pytest.raises(ConfigurationError, match="schema"):
            await deaths.consumers()
        await connection.execute("ALTER TABLE gone RENAME TO processes")
    # Then the time begins anew
    assert await deaths.consumers() == []
    time.seconds += SOUND_FOR
    assert await deaths.consumers() == [DEAD]
