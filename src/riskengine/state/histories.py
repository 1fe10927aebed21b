"""What scoring remembers, in Valkey: account histories, shared sets, series, and the sample of peers.

All of it is a copy: PostgreSQL can rebuild it. So it carries a time to live (Valkey may evict it under pressure, and
never the queue), and an old value is never written over a newer one.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis

from riskengine.domain.clock import DAY, SECOND
from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import PART, absence_as_unavailable
from riskengine.state import parts, scripts
from riskengine.state.commands import Command, run
from riskengine.state.parts import Addition, Changes, Found, Sought, Stand

SHARED_TTL = 2 * DAY // SECOND
"""Seconds an untouched shared set is kept: a day beyond its window."""

TOKEN_TTL = 60
"""Seconds in which additions to series that are sent again are known: redis-py tries twice, for 5 s each."""

_KEPT = "shared:kept"
_STATE = "series:state"
_LEASE = "series:lease"
_PEERS = ("peers:{peers}:slots", "peers:{peers}:moments")


class Histories:
    """Reads and writes what scoring remembers, in one round trip each."""

    def __init__(
        self, redis: Redis, shared_members: int, shared_window_ms: int, *, breaker: Breaker | None = None
    ) -> None:
        self._redis = redis
        self._breaker = breaker or Breaker(PART)
        self._shared_members = shared_members
        self._shared_window_ms = shared_window_ms

    async def find(self, sought: Sought) -> Found:
        """Reads what there is of what is sought."""
        commands: list[Command] = [
            ("MGET", _KEPT, *map(_history_key, sought.accounts)),
            ("HMGET", _PEERS[0], *sought.slots),
            ("HGETALL", _PEERS[1]),
        ]
        if sought.shared:
            commands.append(scripts.call("read_shared", list(map(_shared_key, sought.shared))))
        if sought.cells:
            keys = [_STATE, *[_cells_key(one.series, one.value) for one in sought.cells]]
            ranges = [value for one in sought.cells for value in (one.series, one.first, one.last)]
            commands.append(scripts.call("read_series", keys, *ranges))
        values, slots, moments, *rest = await self._run(commands)
        sets, cells = (rest[0] if sought.shared else ()), (rest[-1] if sought.cells else ())
        return Found(
            histories={a: value for a, value in zip(sought.accounts, values[1:], strict=True) if value is not None},
            shared={key: _members(flat) for key, flat in zip(sought.shared, sets, strict=True)},
            slots={s: _slot(value) for s, value in zip(sought.slots, slots, strict=True) if value is not None},
            moments=_moments(moments),
            cells=list(map(parts.cells, cells)),
            kept=parts.kept(values[0]),
        )

    async def write(self, changes: Changes) -> None:
        """Writes what changed; histories only where they are newer. What is added to cells is so with each call."""
        commands: list[Command] = []
        if changes.histories:
            keys = list(map(_history_key, changes.histories))
            commands.append(scripts.call("write_histories", keys, *changes.histories.values()))
        if changes.shared:
            keys = [_shared_key(key) for key, _, _ in changes.shared]
            pairs = [value for _, member, time in changes.shared for value in (member, time)]
            limits = (SHARED_TTL, self._shared_members, self._shared_window_ms)
            commands.append(scripts.call("write_shared", keys, *limits, *pairs))
        if changes.slots:
            commands.append(scripts.call("write_peers", _PEERS, *[value for slot in changes.slots for value in slot]))
        if changes.cells:
            guard = ("live", changes.decided_at, TOKEN_TTL, 0)
            commands.append(_additions(str(uuid4()), guard, changes.cells))
        commands += changes.cached
        if commands:
            await self._run(commands)

    async def mark(
        self, add: Collection[str] = (), *, remove: Collection[str] = (), since: int = 0, whole: bool = False
    ) -> bool:
        """Says which parts of what accounts share are kept whole from now on, and which no longer are.

        Series that are new count what is decided from `since` (ms) on. On an emptied server nothing is marked, and the
        answer is False, unless it is marked as `whole` again.
        """
        start = Stand(since, "").text
        names = (*sorted(add), *sorted(remove))
        done = await self._run([scripts.call("mark_kept", (_KEPT, _STATE), int(whole), start, len(add), *names)])
        return bool(done[0])

    async def kept(self) -> frozenset[str] | None:
        """The names of the parts that are kept whole; None on an emptied server."""
        return parts.kept((await self._run([("GET", _KEPT)]))[0])

    async def stands(self, names: Sequence[str]) -> dict[str, Stand]:
        """How far each series is counted, of those that are begun."""
        values = (await self._run([("HMGET", _STATE, *names)]))[0] if names else []
        return {name: Stand.of(value.decode()) for name, value in zip(names, values, strict=True) if value is not None}

    async def count_past(self, names: Sequence[str], before: Stand, position: str, cells: Sequence[Addition]) -> bool:
        """Adds a page of the past to series that stand at one place, which then stand at the position, in one step.

        False, and nothing done, if one of them stands elsewhere: another does the same, or the server was emptied.
        """
        after = Stand(before.since, position).text
        done = await self._run([_additions("past", ("past", before.text, after, len(names), *names), cells)])
        return bool(done[0] >= 0)

    async def horizons(self, account_ids: Sequence[str]) -> dict[str, int]:
        """How many days the histories reach back, of those accounts that have one."""
        heads = await self._run([("GETRANGE", _history_key(account_id), 8, 9) for account_id in account_ids])
        return {a: int.from_bytes(head, "big") for a, head in zip(account_ids, heads, strict=True) if head}

    def stand_of(self, account_id: str) -> Command:
        """The command that says where an account's history stands: 8 bytes that change with each decision on it."""
        return ("GETRANGE", _history_key(account_id), 0, 7)

    async def lease(self, holder: str, seconds: int) -> bool:
        """Whether the holder may fill series now: one at a time, for so many seconds from the last call."""
        held = (await self._run([("SET", _LEASE, holder, "NX", "EX", seconds), ("GET", _LEASE)]))[1]
        if held != holder.encode():
            return False
        await self._run([("EXPIRE", _LEASE, seconds)])
        return True

    async def forget(self, account_ids: Sequence[str]) -> None:
        """Drops the histories of accounts: the next batch rebuilds them."""
        await self._run([("DEL", _history_key(account_id)) for account_id in account_ids])

    async def ping(self) -> None:
        """Returns if the server answers; raises Unavailable if not."""
        with absence_as_unavailable(self._breaker):
            await self._redis.execute_command("PING")

    async def _run(self, sent: Sequence[Command]) -> list[Any]:
        return await run(self._redis, self._breaker, sent)


def _additions(token: str, guard: Sequence[str | int], cells: Sequence[Addition]) -> Command:
    """The command that adds to cells; see write_series.lua."""
    keys = [_STATE, f"series:token:{token}", *[_cells_key(one.series, one.value) for one in cells]]
    values = [value for one in cells for value in (one.series, one.keeps, one.lives, one.number, *one.cell)]
    return scripts.call("write_series", keys, *guard, *values)


def _history_key(account_id: str) -> str:
    return f"history:{{{account_id}}}"


def _shared_key(key: str) -> str:
    return f"shared:{key}"


def _cells_key(series: str, value: str) -> str:
    return f"series:{series}:{value}"


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
