"""A stack of its own for a run, with a failing network, a small disk and orders to fail around it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from riskengine.chaos import kinds
from riskengine.chaos.disk import Disk, NoDiskError
from riskengine.chaos.ground import Server
from riskengine.chaos.options import Options
from riskengine.chaos.orders import Orders
from riskengine.chaos.proxy import Proxy
from riskengine.stack import ports
from riskengine.stack.stack import Stack

LEAST_DISK_MB = 512
"""Megabytes of PostgreSQL's disk: WAL, templates and indexes of an empty database, and room to breathe."""

BYTES_OF_PAYMENT = 6_000
"""Bytes of disk for a payment and its decision, generously: rows, indexes, dead rows of `pending` and `accounts`."""

_POSTGRES = {"max_wal_size": "64MB", "min_wal_size": "32MB", "checkpoint_timeout": "1min"}
_ENGINE = {"WORKER_TAKEOVER_IDLE_MS": "6000", "RELAY_AFTER_MS": "2000"}
"""Shorter than usual, so that more happens in a run; large WAL would not fit on the disk."""


class Stage(msgspec.Struct, frozen=True):
    """What is set up. `without_disk` says why PostgreSQL has no disk of its own, if it has none."""

    stack: Stack
    proxies: dict[Server, Proxy]
    orders: Orders
    disk: Disk | None
    without_disk: str


@contextmanager
def stage(directory: Path, options: Options) -> Iterator[Stage]:
    """Sets all of it up in the directory, for as long as the block lasts. Raises StackError."""
    orders = Orders(directory / "failpoints")
    data_dir = directory / "stack"
    megabytes = LEAST_DISK_MB + int(options.seconds * options.rate * BYTES_OF_PAYMENT / 1e6)
    with ExitStack() as lasting:
        disk, without_disk = None, ""
        try:
            disk = lasting.enter_context(Disk(data_dir / "postgres", megabytes))
        except NoDiskError as error:
            without_disk = str(error)

        def environment(name: str) -> dict[str, str]:
            return {
                **_ENGINE,
                "DATABASE_URL": _by_way_of(proxies[Server.POSTGRESQL], stack.database_url),
                "REDIS_URL": _by_way_of(proxies[Server.VALKEY], stack.redis_url),
                "FAIL_POINTS": str(orders.of(name)),
            }

        stack = Stack(
            data_dir, api=kinds.API, workers=kinds.WORKERS, postgres_settings=_POSTGRES, environment=environment
        )
        proxies = {
            Server.POSTGRESQL: lasting.enter_context(Proxy(lambda: stack.postgres.port)),
            Server.VALKEY: lasting.enter_context(Proxy(lambda: stack.valkey.port)),
        }
        lasting.enter_context(stack)
        yield Stage(stack, proxies, orders, disk, without_disk)


def _by_way_of(proxy: Proxy, url: str) -> str:
    """The server's address, by way of the proxy."""
    parts = urlsplit(url)
    login, _, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{login}@{ports.LOOPBACK}:{proxy.port}").geturl()
