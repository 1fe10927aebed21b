"""A real cluster: commands find their node, whatever moves; what a lost node had is lost alone, and found again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from redis.crc import key_slot

from riskengine.domain import stream_partition
from riskengine.domain.errors import ConfigurationError, Unavailable
from riskengine.resilience import redis as connections
from riskengine.resilience import redis_fitness
from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import Client
from riskengine.resilience.redis_fitness import refuse_unfit
from riskengine.resilience.redis_url import RedisUrl
from riskengine.stack.valkey import Valkey
from riskengine.stack.valkey_cluster import ValkeyCluster, ValkeyNode
from riskengine.state.histories import Histories
from riskengine.state.parts import Changes, Sought
from riskengine.streaming import streams
from riskengine.streaming.partitioned_stream import PartitionedStream
from riskengine.streaming.queue import Outgoing
from riskengine.streaming.redis_stream import RedisStream

PARTITIONS = 12
ACCOUNTS = [f"account-{number}" for number in range(40)]
STREAMS = streams.names(6)


@pytest.fixture
async def client(cluster_url: str) -> AsyncIterator[Client]:
    client = connections.connect(cluster_url, "test")
    yield client
    await client.aclose()


@pytest.fixture
def histories(client: Client) -> Histories:
    return Histories(client, 3, 1000, partitions=PARTITIONS)


def _values(sequence: int) -> dict[str, bytes]:
    return {account: sequence.to_bytes(8, "big") + (31).to_bytes(2, "big") for account in ACCOUNTS}


def _owner(cluster: ValkeyCluster, slot: int) -> ValkeyNode:
    return next(node for node in cluster.masters if any(slot in slots for slots in node.slots))


async def test_streams_of_all_nodes_are_read_as_of_one(client: Client) -> None:
    # Given streams on all nodes
    queue = PartitionedStream(client, len(STREAMS))
    # When messages are published, read, handed back, taken over, acknowledged
    assert await queue.publish([Outgoing(account, account.encode()) for account in ACCOUNTS]) == len(ACCOUNTS)
    first = [message for _ in range(3) for message in await queue.read("one", 6, 1)]
    assert len({message.stream for message in first}) == len(STREAMS)
    await queue.hand_back("one", first)
    again = [message for _ in STREAMS for message in await queue.take_over("two", 1000, 100)]
    assert sorted(message.body for message in again) == sorted(message.body for message in first)
    await queue.acknowledge(again)
    # Then the rest is there
    assert await queue.depth() == len(ACCOUNTS) - len(again)
    assert all(backlog.oldest is not None for backlog in await queue.backlogs() if backlog.depth)
    rest = [message for _ in range(20) for message in await queue.read("two", 20, 1)]
    assert sorted(message.body for message in [*again, *rest]) == sorted(map(str.encode, ACCOUNTS))
    assert await queue.holders() == {"one": 0, "two": len(rest)}
    await queue.leave("one")
    await queue.retire(0)
    assert await queue.holders() == {"two": len(rest)}


async def test_many_who_wait_for_messages_on_all_nodes_get_them(client: Client) -> None:
    # Given consumers that wait on all nodes
    queues = [RedisStream(client, name, Breaker("redis")) for name in STREAMS]
    waiting = [asyncio.create_task(queue.read("one", 1, 3000)) for queue in queues]
    await asyncio.gather(*(client.xlen(name) for name in STREAMS))
    # When each stream gets a message
    await asyncio.gather(*(client.execute_command("XADD", name, "*", "d", b"a") for name in STREAMS))
    # Then each of them has it
    assert [len(messages) for messages in await asyncio.gather(*waiting)] == [1] * len(queues)


async def test_a_slot_that_moves_while_it_is_used_is_followed(
    valkey_cluster: ValkeyCluster, client: Client, histories: Histories
) -> None:
    # Given histories and a stream in a slot, and who writes and reads them all the time
    slot = key_slot(b"3")
    source = _owner(valkey_cluster, slot)
    target = next(node for node in valkey_cluster.masters if node is not source)
    queue = PartitionedStream(client, len(STREAMS))
    account = next(account for account in ACCOUNTS if stream_partition.of(account, len(STREAMS)) == 3)
    await histories.write(Changes(_values(1), [], []))
    await queue.publish([Outgoing(account, b"0")])
    rounds = 1

    async def use() -> None:
        """Away for a moment is what a command may be whose keys are in two places."""
        nonlocal rounds
        rounds += 1
        try:
            await histories.write(Changes(_values(rounds), [], []))
            found = await histories.find(Sought(ACCOUNTS, [], [0]))
            assert found.histories == _values(rounds)
        except Unavailable:
            pass
        await queue.publish([Outgoing(account, str(rounds).encode())])

    # When the slot is moved key by key, with use between any two steps
    target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.node_id)
    source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.node_id)
    await use()
    while keys := source.lines("CLUSTER", "GETKEYSINSLOT", slot, 1):
        password = RedisUrl.of(valkey_cluster.url).options["password"]
        source.ask("MIGRATE", "127.0.0.1", target.port, keys[0], 0, 5000, "AUTH", password)
        await use()
    for node in (target, source, *(other for other in valkey_cluster.masters if other not in (target, source))):
        node.ask("CLUSTER", "SETSLOT", slot, "NODE", target.node_id)
        await use()
    # Then it is on the other node, with all that was written meanwhile
    assert _owner(valkey_cluster, slot) is target
    await use()
    assert (await histories.find(Sought(ACCOUNTS, [], [0]))).histories == _values(rounds)
    assert await queue.depth() == rounds
    assert int(target.ask("CLUSTER", "COUNTKEYSINSLOT", slot)) > 1


async def test_a_killed_master_costs_others_nothing_and_its_replica_is_found(
    valkey_cluster: ValkeyCluster, client: Client
) -> None:
    # Given streams on all nodes, and a reader that waits on a node that will live
    victim = _owner(valkey_cluster, key_slot(b"0"))
    lives = [name for name in STREAMS if _owner(valkey_cluster, key_slot(name.encode())) is not victim]
    dies = [name for name in STREAMS if name not in lives]
    reading = RedisStream(client, lives[0], Breaker("redis"))
    await client.execute_command("XADD", lives[0], "*", "d", b"first")
    await reading.read("one", 1, 1)
    waiting = asyncio.create_task(reading.read("one", 1, 4000))
    # When the master of some is killed
    victim.process.kill()
    # Then each command to another is done, once, and those to it fail until its replica has its place
    tries = 0
    async with asyncio.timeout(20):
        while True:
            tries += 1
            pipeline = client.pipeline(transaction=False)
            for name in STREAMS:
                pipeline.execute_command("XADD", name, "*", "d", b"x")
            answers = dict(zip(STREAMS, await pipeline.execute(raise_on_error=False), strict=True))
            assert not any(isinstance(answers[name], Exception) for name in lives)
            if not any(isinstance(answer, Exception) for answer in answers.values()):
                break
    assert len(await waiting) == 1
    assert [await client.xlen(name) for name in lives[1:]] == [tries] * len(lives[1:])
    assert [await client.xlen(name) for name in dies] == [1] * len(dies)
    valkey_cluster.revive(victim)
    assert not victim.slots


@contextmanager
def _uncovered(cluster: ValkeyCluster, first: int, last: int) -> Iterator[None]:
    """Nobody has these slots, of one master."""
    owner = _owner(cluster, first)
    for node in (owner, *(other for other in cluster.nodes if other is not owner)):  # who is told first tells nobody
        node.ask("CLUSTER", "DELSLOTSRANGE", first, last)
    try:
        yield
    finally:
        owner.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
        cluster.wait_whole()


async def test_slots_that_nobody_has_are_named_at_the_start_and_an_absence_later(
    valkey_cluster: ValkeyCluster, client: Client, histories: Histories
) -> None:
    # Given a cluster that works
    await refuse_unfit(client)
    await histories.ping()
    await histories.write(Changes(_values(1), [], []))
    first = key_slot(b"7")
    with _uncovered(valkey_cluster, first, first + 9):
        # When some slots lose their node, a process that starts is told which, and what to do
        late = connections.connect(valkey_cluster.url, "test")
        with pytest.raises(ConfigurationError, match=f"no node for the slots .*{first}-{first + 9}.*ADDSLOTSRANGE"):
            await refuse_unfit(late)
        await late.aclose()
        # And one that runs waits
        with pytest.raises(Unavailable):
            await histories.write(Changes(_values(2), [], []))
    # Then it goes on when they are back
    async with asyncio.timeout(20):
        while True:
            try:
                await histories.write(Changes(_values(3), [], []))
                break
            except Unavailable:
                continue
    assert (await histories.find(Sought(ACCOUNTS, [], [0]))).histories == _values(3)


async def test_an_address_of_the_other_kind_is_refused(valkey: Valkey, valkey_cluster: ValkeyCluster) -> None:
    one, *_ = valkey_cluster.nodes
    for url, what in (
        (one.url, r"write it as redis\+cluster://"),
        (valkey.url.replace("redis://", "redis+cluster://"), "write it as redis://"),
    ):
        client = connections.connect(url, "test")
        with pytest.raises(ConfigurationError, match=what):
            await refuse_unfit(client)
        await client.aclose()


@pytest.mark.parametrize(
    "url", ["redis+cluster://127.0.0.1:1,127.0.0.1:2", "redis+sentinel://127.0.0.1:1/service", "redis://127.0.0.1:1"]
)
async def test_what_is_away_is_waited_for(url: str) -> None:
    # Given nobody at the address
    client: Any = connections.connect(url, "test")
    # When a process starts, nothing is wrong with that; when it asks, it hears so
    await refuse_unfit(client)
    for call in (Histories(client, 3, 1000).ping, PartitionedStream(client).depth):
        with pytest.raises(Unavailable):
            await call()
    await client.aclose()


@pytest.mark.parametrize("kind", ["redis", "redis+cluster"])
async def test_a_start_does_not_wait_for_one_that_stalls(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a server that takes connections and answers nothing
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr(redis_fitness, "PATIENCE", 0.05)
    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        client = connections.connect(f"{kind}://127.0.0.1:{server.sockets[0].getsockname()[1]}", "test")
        # When a process starts, then it goes on before a command would be given up
        async with asyncio.timeout(connections.ANSWER_TIMEOUT):
            await refuse_unfit(client)
        await client.aclose()
