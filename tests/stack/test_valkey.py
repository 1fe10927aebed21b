"""The embedded Valkey: private, forgetful on purpose, and never dropping what has no expiry."""

from pathlib import Path

import pytest
import redis

from riskengine.stack.valkey import Valkey
from tests.stack.waiting import until


def test_it_asks_for_the_password(valkey: Valkey) -> None:
    with redis.Redis(port=valkey.port) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_only_keys_with_an_expiry_are_evicted(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "volatile-ttl"}
        assert client.config_get("maxmemory") == {"maxmemory": str(256 * 1024 * 1024)}


def test_it_comes_back_empty_after_a_crash(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "valkey")
    server.start()
    try:
        with redis.Redis.from_url(server.url) as client:
            client.set("key", "value")
            # When it is killed
            first = server.process.pid
            server.process.kill()
            # Then another answers at the same address, and knows nothing
            until(lambda: server.process.pid != first and server.ready(), "another server")
            assert client.get("key") is None
    finally:
        server.stop()
