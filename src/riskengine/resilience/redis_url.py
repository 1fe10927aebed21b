"""Where Redis (or Valkey) is, by the one address REDIS_URL: a server, a cluster, or a server that Sentinels watch."""

from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from redis.asyncio.connection import parse_url

from riskengine.domain.errors import ConfigurationError

SERVER, CLUSTER, SENTINEL = "server", "cluster", "sentinel"

_KINDS = {"": SERVER, "cluster": CLUSTER, "sentinel": SENTINEL}
_PORTS = {CLUSTER: 6379, SENTINEL: 26379}
_FORMS = (
    "`redis://:password@host:port/0`, `redis+cluster://:password@host:port,host:port` or "
    "`redis+sentinel://:password@host:port,host:port/service` (with `rediss` for TLS)"
)


class Address(msgspec.Struct, frozen=True):
    """One host and port."""

    host: str
    port: int


class RedisUrl(msgspec.Struct, frozen=True):
    """What the address says. `nodes` are some of the cluster's nodes, or the Sentinels; `service` is what they watch.

    `options` are redis-py's, for connections: login, TLS, and what stands behind the `?`.
    """

    text: str
    kind: str
    tls: bool
    nodes: tuple[Address, ...]
    service: str
    options: dict[str, Any]

    @classmethod
    def of(cls, text: str) -> "RedisUrl":
        """Reads the address. Raises ConfigurationError that says what is wrong with it; the password is not shown."""
        try:
            begin, sign, rest = text.partition("://")
            scheme, _, kind = begin.partition("+")
            if scheme not in ("redis", "rediss") or kind not in _KINDS:
                raise _wrong(f"it begins with {begin}://" if sign else "it has no ://")
            return cls._of(text, rest, _KINDS[kind], scheme == "rediss")
        except ValueError as error:
            raise _wrong(str(error)) from error

    @classmethod
    def _of(cls, text: str, rest: str, kind: str, tls: bool) -> "RedisUrl":
        if kind == SERVER:
            parse_url(text)
            return cls(text, kind, tls, (), "", {})
        # Split by hand: to urlsplit many hosts are one, and it takes no bracket in the middle of a host.
        end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
        login, at, hosts = rest[:end].rpartition("@")
        parts = urlsplit(f"//host{rest[end:]}")
        nodes = tuple(_address(host, _PORTS[kind]) for host in hosts.split(","))
        path = unquote(parts.path).strip("/")
        if kind == CLUSTER and path not in ("", "0"):
            raise _wrong(f"a cluster has only the database 0, not {path}")
        if kind == SENTINEL and not path:
            raise _wrong("after the Sentinels must stand the name of the service that they watch")
        options: dict[str, Any] = dict(parse_url(f"redis{'s' * tls}://{login}{at}host/?{parts.query}"))
        for made in ("host", "port", "db", "connection_class"):
            options.pop(made, None)
        return cls(text, kind, tls, nodes, path if kind == SENTINEL else "", options)


def _address(text: str, port: int) -> Address:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise _wrong("a host is missing")
    return Address(parts.hostname, parts.port or port)


def _wrong(what: str) -> ConfigurationError:
    return ConfigurationError(f"REDIS_URL cannot be used: {what}; write it as {_FORMS}")
