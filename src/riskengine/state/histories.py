"""What scoring remembers, in Valkey: account histories, shared sets, series, and the sample of peers.

All of it is a copy: PostgreSQL can rebuild it. So it carries a time to live (Valkey may evict it under pressure, and
never the queue), and an old value is never written over a newer one.

It is kept in partitions, each of which lies in one slot of a cluster: a command or script has the keys of one of them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any, TypeVar
from uuid import uuid4

from riskengine.domain import stream_partition
from riskengine.domain.clock import DAY, SECOND
from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import PART, Client, absence_as_unavailable
from riskengine.state import parts, scripts
from riskengine.state.commands import Command, run
from riskengine.state.keys import LEASE, PEERS, Keys
from riskengine.state.parts import Addition, Changes, Found, FoundCells, Sought, SoughtCells, Stand

Item = TypeVar("Item")

SHARED_TTL = 2 * DAY // SECOND
"""Seconds an untouched shared set is kept: a day beyond its window."""

TOKEN_TTL = 60
"""Seconds in which additions to series that are sent again are known: redis-py tries twice, for 5 s each."""

_EMPTY: frozenset[str] = frozenset()


class Histories:
    """Reads and writes what scoring remembers, in one round trip each."""

    def __init__(
        self,
        redis: Client,
        shared_members: int,
        shared_window_ms: int,
        *,
        breaker: Breaker | None = None,
        partitions: int = 1,
    ) -> None:
        self._redis = redis
        self._breaker = breaker or Breaker(PART)
        self._shared_members = shared_members
        self._shared_window_ms = shared_window_ms
        self._partitions = partitions
        self._keys = [Keys.of(partition) for partition in range(partitions)]

    async def find(self, sought: Sought) -> Found:
        """Reads what there is of what is sought, from the partitions that have it."""
        accounts, shared = self._grouped(sought.accounts, str), self._grouped(sought.shared, str)
        cells = self._grouped(range(len(sought.cells)), lambda place: sought.cells[place].value)
        touched = {0} | accounts.keys() | shared.keys() | cells.keys()
        commands: list[Command] = [("HMGET", PEERS[0], *sought.slots), ("HGETALL", PEERS[1])]
        for partition in touched:
            place = self._keys[partition]
            commands.append(("MGET", place.kept, *[place.history + name for name in accounts.get(partition, ())]))
        commands += [self._read_shared(partition, names) for partition, names in shared.items()]
        commands += [_read_cells(self._keys[p], [sought.cells[place] for place in at]) for p, at in cells.items()]
        slots, moments, *answers = await self._run(commands)
        rest = iter(answers)
        kept: list[frozenset[str] | None] = []
        histories: dict[str, bytes] = {}
        for partition, (text, *values) in zip(touched, rest, strict=False):
            kept.append(parts.kept(text, self._partitions))
            histories |= {a: v for a, v in zip(accounts.get(partition, ()), values, strict=True) if v is not None}
        return Found(
            histories=histories,
            shared={
                key: _members(flat) for names in shared.values() for key, flat in zip(names, next(rest), strict=True)
            },
            slots={s: _slot(value) for s, value in zip(sought.slots, slots, strict=True) if value is not None},
            moments=_moments(moments),
            cells=_cells(cells.values(), rest),
            kept=_everywhere(kept),
            kept_somewhere=_somewhere(kept),
        )

    async def write(self, changes: Changes) -> None:
        """Writes what changed; histories only where they are newer. What is added to cells is so with each call."""
        commands: list[Command] = []
        for partition, names in self._grouped(list(changes.histories), str).items():
            keys = [self._keys[partition].history + name for name in names]
            commands.append(scripts.call("write_histories", keys, *[changes.histories[name] for name in names]))
        for partition, uses in self._grouped(changes.shared, itemgetter(0)).items():
            keys = [self._keys[partition].shared + key for key, _, _ in uses]
            pairs = [value for _, member, time in uses for value in (member, time)]
            limits = (SHARED_TTL, self._shared_members, self._shared_window_ms)
            commands.append(scripts.call("write_shared", keys, *limits, *pairs))
        if changes.slots:
            commands.append(scripts.call("write_peers", PEERS, *[value for slot in changes.slots for value in slot]))
        if changes.cells:
            guard, token = ("live", changes.decided_at, TOKEN_TTL, 0), str(uuid4())
            for partition, cells in self._grouped(changes.cells, attrgetter("value")).items():
                commands.append(_additions(self._keys[partition], token, guard, cells))
        commands += changes.cached
        if commands:
            await self._run(commands)

    async def mark(
        self, add: Collection[str] = (), *, remove: Collection[str] = (), since: int = 0, whole: bool = False
    ) -> bool:
        """Says which parts of what accounts share are kept whole from now on, and which no longer are.

        Series that are new count what is decided from `since` (ms) on. In an emptied partition nothing is marked, and
        the answer is False, unless it is marked as `whole` again. One that was kept for another number of partitions is
        as good as emptied.
        """
        start = Stand(since, "").text
        arguments: tuple[str | int, ...] = (
            self._partitions,
            int(whole),
            start,
            len(add),
            *sorted(add),
            *sorted(remove),
        )
        done = await self._run([scripts.call("mark_kept", (keys.kept, keys.state), *arguments) for keys in self._keys])
        return all(done)

    async def kept(self) -> frozenset[str] | None:
        """The names of the parts that are kept whole in all partitions; None if one of them is emptied."""
        texts = await self._run([("GET", keys.kept) for keys in self._keys])
        return _everywhere([parts.kept(text, self._partitions) for text in texts])

    async def stands(self, names: Sequence[str]) -> dict[str, Stand]:
        """How far each series is counted in the partition that is furthest behind, of those begun in all of them."""
        if not names:
            return {}
        commands: list[Command] = [("GET", keys.kept) for keys in self._keys]
        commands += [("HMGET", keys.state, *names) for keys in self._keys]
        answers = await self._run(commands)
        texts, states = answers[: self._partitions], answers[self._partitions :]
        if None in [parts.kept(text, self._partitions) for text in texts]:
            return {}
        found = {}
        for name, values in zip(names, zip(*states, strict=True), strict=True):
            if None not in values:
                found[name] = min((Stand.of(value.decode()) for value in values), key=attrgetter("place"))
        return found

    async def count_past(self, names: Sequence[str], before: Stand, position: str, cells: Sequence[Addition]) -> bool:
        """Adds a page of the past to series, where they stand at `before`; there they then stand at the position.

        That is one step for each partition; where one stands elsewhere, nothing is done: another was faster, or it was
        emptied. False if that is so everywhere.
        """
        after = Stand(before.since, position).text
        guard: tuple[str | int, ...] = ("past", before.text, after, len(names), *names)
        by_partition = self._grouped(cells, attrgetter("value"))
        commands = [_additions(k, "past", guard, by_partition.get(p, ())) for p, k in enumerate(self._keys)]
        return any(await self._run(commands))

    async def horizons(self, account_ids: Sequence[str]) -> dict[str, int]:
        """How many days the histories reach back, of those accounts that have one."""
        heads = await self._run([("GETRANGE", self._history_key(account_id), 8, 9) for account_id in account_ids])
        return {a: int.from_bytes(head, "big") for a, head in zip(account_ids, heads, strict=True) if head}

    def stand_of(self, account_id: str) -> Command:
        """The command that says where an account's history stands: 8 bytes that change with each decision on it."""
        return ("GETRANGE", self._history_key(account_id), 0, 7)

    async def lease(self, holder: str, seconds: int) -> bool:
        """Whether the holder may fill series now: one at a time, for so many seconds from the last call."""
        held = (await self._run([("SET", LEASE, holder, "NX", "EX", seconds), ("GET", LEASE)]))[1]
        if held != holder.encode():
            return False
        await self._run([("EXPIRE", LEASE, seconds)])
        return True

    async def forget(self, account_ids: Sequence[str]) -> None:
        """Drops the histories of accounts: the next batch rebuilds them."""
        await self._run([("DEL", self._history_key(account_id)) for account_id in account_ids])

    async def ping(self) -> None:
        """Returns if the server answers (of a cluster, each master); raises Unavailable if not."""
        with absence_as_unavailable(self._breaker):
            await self._redis.execute_command("PING")

    async def _run(self, sent: Sequence[Command]) -> list[Any]:
        return await run(self._redis, self._breaker, sent)

    def _grouped(self, items: Sequence[Item], name: Callable[[Item], str]) -> dict[int, Sequence[Item]]:
        """The items by the partition of their name, in their order."""
        if not items:
            return {}
        if self._partitions == 1:
            return {0: items}
        groups: dict[int, list[Item]] = {}
        for item in items:
            groups.setdefault(stream_partition.of(name(item), self._partitions), []).append(item)
        return dict(groups)

    def _history_key(self, account_id: str) -> str:
        return self._keys[stream_partition.of(account_id, self._partitions)].history + account_id

    def _read_shared(self, partition: int, names: Sequence[str]) -> Command:
        prefix = self._keys[partition].shared
        return scripts.call("read_shared", [prefix + name for name in names])


def _read_cells(keys: Keys, sought: Sequence[SoughtCells]) -> Command:
    names = [keys.state, *[_cells_key(keys, one.series, one.value) for one in sought]]
    ranges = [value for one in sought for value in (one.series, one.first, one.last)]
    return scripts.call("read_series", names, *ranges)


def _additions(keys: Keys, token: str, guard: Sequence[str | int], cells: Sequence[Addition]) -> Command:
    """The command that adds to cells; see write_series.lua."""
    names = [keys.state, keys.token + token, *[_cells_key(keys, one.series, one.value) for one in cells]]
    values = [value for one in cells for value in (one.series, one.keeps, one.lives, one.number, *one.cell)]
    return scripts.call("write_series", names, *guard, *values)


def _cells_key(keys: Keys, series: str, value: str) -> str:
    return f"{keys.cells}{series}:{value}"


def _cells(places: Collection[Sequence[int]], answers: Iterable[Any]) -> list[FoundCells | None]:
    """What was found, in the order in which it was sought: each answer has what stood at some places of it."""
    if not places:
        return []
    found: dict[int, FoundCells | None] = {}
    for at, flat in zip(places, answers, strict=False):
        found |= zip(at, map(parts.cells, flat), strict=True)
    return [found[place] for place in range(len(found))]


def _everywhere(kept: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    """What all partitions keep; None if one has lost all."""
    if len(kept) == 1:
        return kept[0]
    whole = [names for names in kept if names is not None]
    return whole[0].intersection(*whole[1:]) if len(whole) == len(kept) else None


def _somewhere(kept: Sequence[frozenset[str] | None]) -> frozenset[str]:
    """What one of the partitions keeps at least."""
    return (kept[0] or _EMPTY) if len(kept) == 1 else _EMPTY.union(*filter(None, kept))


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
