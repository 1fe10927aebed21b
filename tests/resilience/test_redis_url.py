"""REDIS_URL: a server, a cluster, Sentinels; and what cannot be meant."""

import pytest

from riskengine.domain.errors import ConfigurationError
from riskengine.resilience import redis as connections
from riskengine.resilience.redis_url import CLUSTER, SENTINEL, SERVER, Address, RedisUrl


def test_a_server() -> None:
    assert RedisUrl.of("redis://:secret@host:1/2").kind == SERVER


def test_a_cluster() -> None:
    url = RedisUrl.of("rediss+cluster://user:se%40cret@one:1,two,[::1]:3/?ssl_cert_reqs=none")
    assert (url.kind, url.tls, url.service) == (CLUSTER, True, "")
    assert url.nodes == (Address("one", 1), Address("two", 6379), Address("::1", 3))
    assert url.options == {"username": "user", "password": "se@cret", "ssl_cert_reqs": "none"}


def test_sentinels() -> None:
    url = RedisUrl.of("redis+sentinel://:secret@one,two:2/the-service?sentinel_password=other")
    assert (url.kind, url.tls, url.service) == (SENTINEL, False, "the-service")
    assert url.nodes == (Address("one", 26379), Address("two", 2))
    assert url.options == {"password": "secret", "sentinel_password": "other"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("http://host", "begins with http"),
        ("redis+clusters://:secret@host", "begins with"),
        ("redis+cluster://:secret@one:1,", "a host is missing"),
        ("redis+cluster://:secret@", "a host is missing"),
        ("redis+cluster://:secret@one:99999", "[Pp]ort"),
        ("redis+cluster://:secret@one/3", "only the database 0, not 3"),
        ("redis+sentinel://:secret@one:1", "name of the service"),
    ],
)
def test_what_cannot_be_meant_is_refused_without_showing_the_password(text: str, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what) as raised:
        RedisUrl.of(text)
    assert "REDIS_URL cannot be used" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_an_option_that_a_cluster_does_not_know_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"REDIS_URL cannot be used: .*colour"):
        connections.connect("redis+cluster://one:1/?colour=red", "test")
