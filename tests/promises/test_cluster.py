"""Accepted is durable and decided once on a cluster of Valkey, whose master dies under load."""

import time
from collections.abc import Iterator

import httpx
import pytest
from redis.crc import key_slot

from riskengine.stack.errors import StackError
from riskengine.stack.stack import CLUSTER_PARTITIONS, Stack
from riskengine.stack.valkey_cluster import ValkeyCluster, ValkeyNode
from riskengine.storage.database import Database
from riskengine.streaming import streams
from tests.promises.conftest import drained
from tests.promises.load import decided_once, load


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """An API process and two workers, on PostgreSQL and six nodes of Valkey."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKER_TAKEOVER_IDLE_MS", "1000")
        patch.setenv("RELAY_AFTER_MS", "1000")
        try:
            stack = Stack(api=1, workers=2, cluster=True)
            stack.__enter__()
        except StackError as error:
            pytest.skip(f"no embedded stack: {error}")
    yield stack
    stack.stop()


async def test_what_was_accepted_while_a_master_dies_is_decided_once(
    stack: Stack, client: httpx.AsyncClient, database: Database
) -> None:
    # Given load on a cluster, in which a master that has partitions of the queue is killed without warning
    cluster = stack.servers
    assert isinstance(cluster, ValkeyCluster)
    victim = _owner(cluster, streams.names(CLUSTER_PARTITIONS)[0])
    accepted = await load(client, 0, 1200, {400: victim.process.kill})
    # When the dust has settled
    await drained(database)
    # Then its replica has its place, each accepted transaction has one decision, and each counted once
    assert len(cluster.masters) == 3
    assert victim not in cluster.masters
    assert len(accepted) == 1200
    await decided_once(database, accepted, 1200)
    # And what is kept lies on all nodes
    assert all("history:" in str(node.lines("KEYS", "history:*")) for node in cluster.masters)
    # And with the breakers closed again the API is ready, and the killed node is a replica once it is back
    async with httpx.AsyncClient() as anybody:
        deadline = time.monotonic() + 20
        while (answer := await anybody.get(f"{stack.url}/health/ready")).status_code != 200:
            assert time.monotonic() < deadline
    assert answer.json()["breakers"]["redis"] == "closed"
    cluster.revive(victim)
    assert cluster.whole
    assert victim not in cluster.masters


def _owner(cluster: ValkeyCluster, key: str) -> ValkeyNode:
    """The master that has the slot of the key."""
    slot = key_slot(key.encode())
    return next(node for node in cluster.masters if any(slot in slots for slots in node.slots))
