"""The embedded cluster: six nodes as private and forgetful as the one server, and no queue evicted on any."""

import pytest
import redis

from riskengine.stack.valkey_cluster import MASTERS, SLOTS, ValkeyCluster


def test_three_masters_share_all_slots_and_each_has_a_copy(valkey_cluster: ValkeyCluster) -> None:
    masters = valkey_cluster.masters
    assert len(masters) == MASTERS
    assert sum(len(slots) for node in masters for slots in node.slots) == SLOTS
    assert all("connected_slaves:1" in node.ask("INFO", "replication") for node in masters)
    assert valkey_cluster.whole


def test_each_node_asks_for_the_password_and_evicts_only_what_expires(valkey_cluster: ValkeyCluster) -> None:
    for node in valkey_cluster.nodes:
        with redis.Redis(port=node.port) as client, pytest.raises(redis.AuthenticationError):
            client.ping()
        assert node.lines("CONFIG", "GET", "maxmemory-policy")[1] == "volatile-ttl"
        assert int(node.lines("CONFIG", "GET", "maxmemory")[1]) * MASTERS >= 256 * 1024 * 1024
        assert node.lines("CONFIG", "GET", "appendonly")[1] == "no"
