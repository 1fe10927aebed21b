"""Connections to Redis (or Valkey) that pack commands in C and leave a server that was demoted."""

from collections.abc import Iterable
from typing import Any

import hiredis
from redis.asyncio import Connection, SSLConnection
from redis.asyncio.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection
from redis.exceptions import ReadOnlyError


class _Quick(Connection):
    """Packs commands in C, as redis-py itself does only outside asyncio: a batch has hundreds of arguments.

    A server that has become a replica refuses what is written. Its address may lead to the new master by now, so the
    connection is closed, and the next use of it makes another.
    """

    def pack_command(self, *args: Any) -> list[bytes]:
        name, *arguments = args
        return [hiredis.pack_command((*name.split(), *arguments))]

    def pack_commands(self, commands: Iterable[Iterable[Any]]) -> list[bytes]:
        return [packed for command in commands for packed in self.pack_command(*command)]

    async def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return await super().read_response(*args, **options)
        except ReadOnlyError:
            await self.disconnect(nowait=True)
            raise


class QuickConnection(_Quick):
    """To a server."""


class QuickTlsConnection(_Quick, SSLConnection):
    """To a server, by TLS."""


class QuickSentinelConnection(_Quick, SentinelManagedConnection):
    """To the server that Sentinels call the master."""


class QuickSentinelTlsConnection(_Quick, SentinelManagedSSLConnection):
    """To the server that Sentinels call the master, by TLS."""
