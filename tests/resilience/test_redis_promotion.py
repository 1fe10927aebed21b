"""A replica takes its master's place: behind Sentinels, or behind one address. Whoever wrote goes on writing."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from riskengine.chaos.proxy import Proxy
from riskengine.domain.errors import ConfigurationError, Unavailable
from riskengine.resilience import redis as connections
from riskengine.resilience.redis_fitness import refuse_unfit
from riskengine.stack import ports, programs
from riskengine.stack.process import Process, Program
from riskengine.stack.valkey import Valkey
from riskengine.state.histories import Histories
from riskengine.state.parts import Changes, Sought
from riskengine.streaming.partitioned_stream import PartitionedStream
from riskengine.streaming.queue import Outgoing
from tests.stack.waiting import until

PASSWORD = "the-password-of-both"
SENTINEL = """\
bind 127.0.0.1
port {port}
dir {directory}
sentinel monitor service 127.0.0.1 {master} 1
sentinel auth-pass service {password}
sentinel down-after-milliseconds service 500
sentinel failover-timeout service 5000
"""


class Pair:
    """A master and its replica."""

    def __init__(self, directory: Path) -> None:
        at_once = "repl-diskless-sync-delay 0\n"
        self.master = Valkey(directory / "a", name="valkey-a", password=PASSWORD, more=at_once, restart=False)
        self.master.start()
        more = f"replicaof 127.0.0.1 {self.master.port}\nprimaryauth {PASSWORD}\n"
        self.replica = Valkey(directory / "b", name="valkey-b", password=PASSWORD, more=more, restart=False)
        self.replica.start()
        until(lambda: "master_link_status:up" in self.replica.ask("INFO", "replication"), "a copy")

    def stop(self) -> None:
        for server in (self.master, self.replica):
            server.stop()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    pair = Pair(tmp_path)
    yield pair
    pair.stop()


@pytest.fixture
def sentinel(pair: Pair, tmp_path: Path) -> Iterator[int]:
    """The port of a Sentinel that watches them."""
    port, directory = ports.free(), tmp_path / "sentinel"
    directory.mkdir()
    configuration = directory / "sentinel.conf"
    configuration.write_text(
        SENTINEL.format(port=port, directory=directory, master=pair.master.port, password=PASSWORD)
    )
    program = Program(
        name="sentinel",
        arguments=(str(programs.valkey()), str(configuration), "--sentinel"),
        directory=directory,
        log=directory / "sentinel.log",
        environment={"PATH": os.defpath},
    )
    process = Process(program)
    process.start()
    known = f"port={pair.replica.port}"
    process.wait_ready(lambda: ports.listening(port), 15)
    until(lambda: known in pair.master.ask("INFO", "replication"), "the replica at its master")
    yield port
    process.stop(2)


async def _goes_on(queue: PartitionedStream, histories: Histories) -> None:
    """Returns when both can be written and read again."""
    async with asyncio.timeout(30):
        while True:
            try:
                await queue.publish([Outgoing("alice", b"after")])
                await histories.write(Changes({"alice": _value(2)}, [], []))
                break
            except Unavailable:
                await asyncio.sleep(0.05)
    assert (await histories.find(Sought(["alice"], [], [0]))).histories == {"alice": _value(2)}


def _value(sequence: int) -> bytes:
    return sequence.to_bytes(8, "big") + (31).to_bytes(2, "big")


async def test_sentinels_lead_to_whoever_is_master(pair: Pair, sentinel: int) -> None:
    # Given a client of a service that Sentinels watch, one of which is away
    url = f"redis+sentinel://:{PASSWORD}@127.0.0.1:1,127.0.0.1:{sentinel}/service"
    client = connections.connect(url, "test")
    await refuse_unfit(client)
    queue, histories = PartitionedStream(client), Histories(client, 3, 1000)
    assert await queue.publish([Outgoing("alice", b"before")]) == 1
    await histories.write(Changes({"alice": _value(1)}, [], []))
    # When they know the replica, and the master dies
    other = connections.connect(f"redis://127.0.0.1:{sentinel}", "test")
    async with asyncio.timeout(30):
        while not await other.execute_command("SENTINEL REPLICAS", "service"):
            await asyncio.sleep(0.05)
    await other.aclose()
    pair.master.process.kill()
    # Then the client goes on with the replica, which has what there was
    await _goes_on(queue, histories)
    assert await queue.depth() >= 2
    assert "role:master" in pair.replica.ask("INFO", "replication")
    await client.aclose()
    # And a service that they do not know is refused at the start
    client = connections.connect(url.replace("/service", "/nothing"), "test")
    with pytest.raises(ConfigurationError, match="do not watch nothing: name one of service"):
        await refuse_unfit(client)
    await client.aclose()


@pytest.mark.parametrize("way", ["killed", "demoted"])
async def test_a_replica_that_is_promoted_behind_the_address_is_found(pair: Pair, way: str) -> None:
    # Given clients of an address that leads to the master
    leads_to = pair.master
    with Proxy(lambda: leads_to.port) as proxy:
        client = connections.connect(f"redis://:{PASSWORD}@127.0.0.1:{proxy.port}", "test")
        queue, histories = PartitionedStream(client), Histories(client, 3, 1000)
        await asyncio.gather(*(queue.publish([Outgoing("alice", b"before")]) for _ in range(5)))
        await histories.write(Changes({"alice": _value(1)}, [], []))
        # When the replica is promoted, the address leads to it, and the old master dies, or lives on as its replica
        pair.replica.ask("REPLICAOF", "NO", "ONE")
        if way == "killed":
            pair.master.process.kill()
        else:
            pair.master.ask("CONFIG", "SET", "primaryauth", PASSWORD)
            pair.master.ask("REPLICAOF", "127.0.0.1", pair.replica.port)
        leads_to = pair.replica
        # Then the same clients go on with it, though their connections were to the other
        await _goes_on(queue, histories)
        assert "alice" in str(pair.replica.lines("KEYS", "history:*"))
        assert "connected_slaves" in pair.replica.ask("INFO", "replication")
        await client.aclose()
