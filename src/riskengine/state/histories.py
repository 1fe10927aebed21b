"""What scoring remembers, in Valkey: account histories, shared sets, and the sample of peers.

All of it is a copy: PostgreSQL can rebuild it. So it carries a time to live (Valkey may evict it under pressure, and
never the queue), and an old value is never written over a newer one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from riskengine.domain.clock import DAY, SECOND
from riskengine.resilience.redis import absence_as_unavailable
from riskengine.state import scripts

HISTORY_TTL = 32 * DAY // SECOND
"""Seconds an untouched history is kept: a day beyond the longest window."""

SHARED_TTL = 2 * DAY // SECOND
"""Seconds an untouched shared set is kept: a day beyond its window."""

_WARM = "shared:warm"
_PEERS = ("peers:{peers}:slots", "peers:{peers}:moments")


class Sought(msgspec.Struct, frozen=True):
    """What a batch needs to see: its accounts, the shared keys of its transactions, and the slots of its accounts."""

    accounts: Sequence[str]
    shared: Sequence[str]
    slots: Sequence[int]


class Found(msgspec.Struct, frozen=True):
    """What there is of it. `histories` are bytes by account, without the missing ones.

    `shared` is account hash -> last time (ms) by key; `slots` is (log amount, type) by slot; `moments` is (count, sum,
    sum of squares) by account type. `warm` is False when shared sets and peers were lost and are not yet rebuilt.
    """

    histories: dict[str, bytes]
    shared: dict[str, dict[int, int]]
    slots: dict[int, tuple[int, str]]
    moments: dict[str, tuple[int, int, int]]
    warm: bool


class Changes(msgspec.Struct, frozen=True):
    """What a batch changed: histories by account, (key, account hash, time in ms) and (slot, log amount, type)."""

    histories: Mapping[str, bytes]
    shared: Sequence[tuple[str, int, int]]
    slots: Sequence[tuple[int, int, str]]


class Histories:
    """Reads and writes what scoring remembers, in one round trip each."""

    def __init__(self, redis: Redis, shared_members: int, shared_window_ms: int) -> None:
        self._redis = redis
        self._shared_members = shared_members
        self._shared_window_ms = shared_window_ms

    async def find(self, sought: Sought) -> Found:
        """Reads what there is of what is sought."""
        commands: list[tuple[str | bytes | int, ...]] = [
            ("MGET", _WARM, *map(_history_key, sought.accounts)),
            ("HMGET", _PEERS[0], *sought.slots),
            ("HGETALL", _PEERS[1]),
        ]
        if sought.shared:
            commands.append(scripts.call("read_shared", list(map(_shared_key, sought.shared))))
        values, slots, moments, *sets = await self._run(commands)
        return Found(
            histories={a: value for a, value in zip(sought.accounts, values[1:], strict=True) if value is not None},
            shared={key: _members(flat) for key, flat in zip(sought.shared, sets[0], strict=True)} if sets else {},
            slots={s: _slot(value) for s, value in zip(sought.slots, slots, strict=True) if value is not None},
            moments=_moments(moments),
            warm=values[0] is not None,
        )

    async def write(self, changes: Changes, *, warm: bool = False) -> None:
        """Writes what changed; histories only where they are newer. `warm` says that shared sets are whole again."""
        commands: list[tuple[str | bytes | int, ...]] = []
        if changes.histories:
            keys = list(map(_history_key, changes.histories))
            commands.append(scripts.call("write_histories", keys, HISTORY_TTL, *changes.histories.values()))
        if changes.shared:
            keys = [_shared_key(key) for key, _, _ in changes.shared]
            pairs = [value for _, member, time in changes.shared for value in (member, time)]
            limits = (SHARED_TTL, self._shared_members, self._shared_window_ms)
            commands.append(scripts.call("write_shared", keys, *limits, *pairs))
        if changes.slots:
            commands.append(scripts.call("write_peers", _PEERS, *[value for slot in changes.slots for value in slot]))
        if warm:
            commands.append(("SET", _WARM, 1))
        if commands:
            await self._run(commands)

    async def forget(self, account_ids: Sequence[str]) -> None:
        """Drops the histories of accounts: the next batch rebuilds them."""
        await self._run([("DEL", _history_key(account_id)) for account_id in account_ids])

    async def ping(self) -> None:
        """Returns if the server answers; raises Unavailable if not."""
        with absence_as_unavailable():
            await self._redis.execute_command("PING")

    async def _run(self, commands: Sequence[tuple[str | bytes | int, ...]]) -> list[Any]:
        """Sends the commands at once; a server that does not know the scripts (new, or emptied) is told them first."""
        with absence_as_unavailable():
            try:
                return await self._send(commands)
            except NoScriptError:
                await self._send([("SCRIPT", "LOAD", scripts.text(name)) for name in scripts.NAMES])
                return await self._send(commands)

    async def _send(self, commands: Sequence[tuple[str | bytes | int, ...]]) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return await pipeline.execute()


def _history_key(account_id: str) -> str:
    return f"history:{{{account_id}}}"


def _shared_key(key: str) -> str:
    return f"shared:{key}"


def _members(flat: Sequence[bytes]) -> dict[int, int]:
    return {int(member): int(float(time)) for member, time in zip(flat[::2], flat[1::2], strict=True)}


def _slot(value: bytes) -> tuple[int, str]:
    amount, _, type_ = value.partition(b" ")
    return int(amount), type_.decode()


def _moments(fields: Mapping[bytes, bytes]) -> dict[str, tuple[int, int, int]]:
    types = {name[2:] for name in fields}
    return {
        type_.decode(): (int(fields[b"n " + type_]), int(fields[b"s " + type_]), int(fields[b"q " + type_]))
        for type_ in types
    }
