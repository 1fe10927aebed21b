"""Who works, how fast, and what waits."""

from riskengine.domain import clock
from riskengine.domain.release import RunningVersions
from riskengine.domain.stream_partition import of
from riskengine.resilience import redis as connections
from riskengine.storage import api_keys, processes
from riskengine.storage.database import Database
from riskengine.storage.processes import Identity, State
from riskengine.streaming import streams
from riskengine.streaming.partitioned_stream import PartitionedStream
from riskengine.streaming.queue import Outgoing
from tests.api.conftest import NOBODY_LISTENS, client_of, serving

WORKERS = "/api/v1/workers"
RUNS = RunningVersions(3, 2, 1, 1, None, 5)


async def test_workers_and_their_queue_are_shown(database: Database, database_url: str, redis_url: str) -> None:
    key = await api_keys.create(database, "ops", ("read",))
    redis = connections.connect(redis_url, "test")
    queue = PartitionedStream(redis, 4)
    async with serving(database_url, redis_url, stream_partitions=4) as port, client_of(port, key) as client:
        # Given no workers, and an empty queue
        answer = await client.get(WORKERS)
        assert answer.status_code == 200
        nothing = {"depth": 0, "lag_s": 0.0}
        assert answer.json() == {
            "workers": [],
            "queue": {
                **nothing,
                "left_behind": 0,
                "partitions": [{"stream": name, **nothing} for name in streams.names(4)],
            },
        }
        # When there are two workers, of which one has three messages in hand, and one that died has another
        for number, rate in ((1, 812.44), (2, 0.0)):
            who = Identity(f"worker-host-{number}", "worker", 1_700_000_000_000)
            await processes.renew(database, who, State(RUNS, None if number == 1 else "ConfigurationError: x", rate))
        await queue.publish([Outgoing("alice", b"x") for _ in range(6)])
        for consumer in ("worker-host-1-0", "worker-host-1-0", "worker-host-1-4", "worker-gone-1-0"):
            assert len(await queue.read(consumer, 1, 1_000)) == 1
        shown = (await client.get(WORKERS)).json()
        # Then all of that is shown
        one, two = shown["workers"]
        assert (one["process_id"], one["rate"], one["pending"], one["problem"]) == ("worker-host-1", 812.4, 3, None)
        assert one["versions"] == {"ruleset": 2, "catalogue": 1, "rates": 1, "lists": 5, "model": None}
        assert one["started_at"] == "2023-11-14T22:13:20.000Z"
        assert one["seen_at"] > one["started_at"]
        assert (two["process_id"], two["rate"], two["pending"]) == ("worker-host-2", 0.0, 0)
        assert two["problem"] == "ConfigurationError: x"
        assert (shown["queue"]["depth"], shown["queue"]["left_behind"]) == (6, 1)
        # And a partition says how old its oldest message is
        name = streams.names(4)[of("bob", 4)]
        await redis.delete(name)
        await redis.execute_command("XADD", name, f"{clock.now_ms() - 90_000}-0", "d", "x")
        queued = (await client.get(WORKERS)).json()["queue"]
        (partition,) = [each for each in queued["partitions"] if each["stream"] == name]
        assert partition["depth"] == 1
        assert 90 <= partition["lag_s"] < 600
        assert queued["lag_s"] == partition["lag_s"] == max(each["lag_s"] for each in queued["partitions"])
        # And without a key nothing is
        async with client_of(port) as stranger:
            assert (await stranger.get(WORKERS)).status_code == 401
    await redis.aclose()


async def test_without_the_queue_it_says_so(database: Database, database_url: str) -> None:
    key = await api_keys.create(database, "ops", ("read",))
    async with serving(database_url, NOBODY_LISTENS) as port, client_of(port, key) as client:
        answer = await client.get(WORKERS)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:riskengine:problem:unavailable")
