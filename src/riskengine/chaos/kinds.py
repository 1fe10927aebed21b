"""Every kind of fault there is: what it does, what heals it, and how one is drawn."""

import signal
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

import msgspec

from riskengine.chaos.faults.disk import FullDisk
from riskengine.chaos.faults.failpoint import Clock, Crash, rare, role
from riskengine.chaos.faults.fault import Fault
from riskengine.chaos.faults.network import Cut, Refuse, Stall
from riskengine.chaos.faults.poison import Garbage, Unscorable
from riskengine.chaos.faults.process import Freeze, Kill, Rolling
from riskengine.chaos.faults.valkey import Empty, OutOfMemory
from riskengine.chaos.ground import Server
from riskengine.chaos.proxy import Way
from riskengine.chaos.traffic import LIVE_ACCOUNTS
from riskengine.domain.errors import ConfigurationError
from riskengine.resilience.failpoints import POINTS

API, WORKERS = 2, 2
"""Processes of the engine: the fewest of which one can die and another be there."""

ORDER_S = 20.0
"""Seconds in which a process is to come to a point where it is to fail; then the order is withdrawn."""

RARE_ORDER_S = 60.0
"""The same for points where only what failed comes to: three more tries take 7 s, each behind all that waits."""

MOST_STEPPED_MS = 10 * 60_000
"""A worker's clock is stepped by so much at most, either way."""

_ROLES = {
    "api": [f"api-{number + 1}" for number in range(API)],
    "worker": [f"worker-{number + 1}" for number in range(WORKERS)],
    "balancer": ["balancer"],
    "valkey": ["valkey"],
    "postgresql": ["postgresql"],
}
_WAYS = ((Way.ASKED,), (Way.ANSWERED,), tuple(Way))
_STACK, _SELF = "the stack starts another one", "goes on after some seconds"


class Kind(msgspec.Struct, frozen=True):
    """A kind of fault. `draw` makes one; `needs_disk` says that it takes a disk of PostgreSQL's own."""

    name: str
    what: str
    heals: str
    draw: Callable[[Random], Fault]
    needs_disk: bool = False


def chosen(names: Sequence[str]) -> list[Kind]:
    """The kinds of these names; `crash` or `kill` names all that begin so. All kinds, if there are no names.

    Raises ConfigurationError if there is none of a name.
    """
    found = [kind for kind in KINDS if not names or any(_meant(kind, name) for name in names)]
    for name in names:
        if not any(_meant(kind, name) for kind in KINDS):
            raise ConfigurationError(f"no fault is called {name}; choose from {', '.join(kind.name for kind in KINDS)}")
    return found


def _meant(kind: Kind, name: str) -> bool:
    return kind.name == name or kind.name.startswith((f"{name}-", f"{name}."))


def _kill(name: str, of: str, number: signal.Signals, random: Random) -> Fault:
    return Kill(name, random.choice(_ROLES[of]), number)


def _freeze(name: str, of: str, random: Random) -> Fault:
    return Freeze(name, random.choice(_ROLES[of]), random.uniform(1.5, 7.0))


def _cut(name: str, server: Server, random: Random) -> Fault:
    return Cut(name, server, random.randint(1, 3), random.uniform(0.3, 1.5))


def _refuse(name: str, server: Server, random: Random) -> Fault:
    return Refuse(name, server, random.uniform(1.5, 5.0))


def _stall(name: str, server: Server, random: Random) -> Fault:
    return Stall(name, server, random.choice(_WAYS), random.uniform(1.5, 7.0), cut=random.random() < 0.5)


def _clock(random: Random) -> Fault:
    step_ms = random.choice((-1, 1)) * random.randint(60_000, MOST_STEPPED_MS)
    return Clock("clock", random.choice(_ROLES["worker"]), step_ms, random.uniform(4.0, 8.0))


def _garbage(random: Random) -> Fault:
    return Garbage("garbage", random.randint(2, 6), random.getrandbits(32))


def _unscorable(random: Random) -> Fault:
    return Unscorable("unscorable", ("chaos-poison", *(f"chaos-{random.randint(1, LIVE_ACCOUNTS)}" for _ in range(2))))


def _crash(point: str, random: Random) -> Fault:
    victims = _ROLES[role(point)]
    if rare(point):
        return Crash(point, tuple(victims), RARE_ORDER_S)
    return Crash(point, (random.choice(victims),), ORDER_S)


def _killing() -> list[Kind]:
    kill, stop, end = signal.SIGKILL, signal.SIGTERM, signal.SIGQUIT
    return [
        Kind(name, what, _STACK, partial(_kill, name, of, number))
        for name, of, number, what in (
            ("kill-api", "api", kill, "One API process is killed (SIGKILL)"),
            ("kill-worker", "worker", kill, "One worker is killed (SIGKILL)"),
            ("kill-balancer", "balancer", kill, "The balancer is killed (SIGKILL)"),
            ("kill-valkey", "valkey", kill, "Valkey is killed (SIGKILL), with all it holds"),
            ("kill-postgresql", "postgresql", kill, "PostgreSQL's first process is killed (SIGKILL)"),
            ("quit-postgresql", "postgresql", end, "PostgreSQL ends at once (SIGQUIT), and recovers from its WAL"),
            ("restart-valkey", "valkey", stop, "Valkey is stopped cleanly; it keeps nothing"),
        )
    ]


def _freezing() -> list[Kind]:
    return [
        Kind(
            f"freeze-{of}",
            f"{what} with all its children stands still (SIGSTOP)",
            _SELF,
            partial(_freeze, f"freeze-{of}", of),
        )
        for of, what in (
            ("api", "One API process"),
            ("worker", "One worker"),
            ("balancer", "The balancer"),
            ("valkey", "Valkey"),
            ("postgresql", "PostgreSQL"),
        )
    ]


def _networking() -> list[Kind]:
    kinds = []
    for server, title in ((Server.POSTGRESQL, "PostgreSQL"), (Server.VALKEY, "Valkey")):
        cut, refuse, stall = (f"{verb}-{server}" for verb in ("cut", "refuse", "stall"))
        kinds += [
            Kind(
                cut,
                f"All connections to {title} are cut, up to three times",
                "new ones can be made",
                partial(_cut, cut, server),
            ),
            Kind(
                refuse, f"Connections to {title} are cut, and new ones refused", _SELF, partial(_refuse, refuse, server)
            ),
            Kind(
                stall,
                f"Connections to {title} stop in the middle of a message, one way or both",
                "go on with it, or are cut there, after some seconds",
                partial(_stall, stall, server),
            ),
        ]
    return kinds


def _crashing() -> list[Kind]:
    return [
        Kind(
            f"crash-{point}",
            f"One {'API process' if role(point) == 'api' else 'worker'} dies at the fail point `{point}`: {state}",
            _STACK,
            partial(_crash, point),
        )
        for point, state in POINTS.items()
    ]


KINDS: tuple[Kind, ...] = (
    *_killing(),
    *_freezing(),
    *_networking(),
    Kind(
        "empty-valkey",
        "Valkey loses all it holds (FLUSHALL)",
        "histories are rebuilt, the queue is filled again",
        lambda _: Empty(),
    ),
    Kind(
        "memory-valkey",
        "Valkey has no memory left: it drops histories, and refuses writes",
        "it gets its memory back after some seconds",
        lambda random: OutOfMemory("memory-valkey", random.uniform(2.0, 6.0)),
    ),
    Kind(
        "disk-postgresql",
        "PostgreSQL's disk is full",
        "there is room again after some seconds",
        lambda random: FullDisk("disk-postgresql", random.uniform(2.0, 6.0)),
        needs_disk=True,
    ),
    Kind(
        "clock",
        "One worker's clock is stepped, up to ten minutes either way",
        "it is put right after some seconds",
        _clock,
    ),
    Kind(
        "garbage",
        "Messages that are no transactions, or of an unknown version, are queued",
        "they become dead letters",
        _garbage,
    ),
    Kind(
        "unscorable",
        "Transactions are stored whose amount is no number, on busy accounts, too",
        "they become dead letters after three more tries",
        _unscorable,
    ),
    *_crashing(),
    Kind("rolling", "All processes are stopped and started, one after the other", _STACK, lambda _: Rolling()),
)
"""All of them."""
