"""The embedded Valkey as a cluster: three masters that share the slots, and a replica of each."""

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from riskengine.stack import ports
from riskengine.stack.errors import StackError
from riskengine.stack.process import Process, stop_all
from riskengine.stack.valkey import Valkey

MASTERS = 3
SLOTS = 16_384

NODE_TIMEOUT_MS = 1_000
"""How long a node may be silent before the others hold it for dead, and its replica takes its slots. A deployment over
several machines should wait longer (15 s is Valkey's own choice)."""

_TIMEOUT_S = 30.0
_POLL_S = 0.05
_KNOWN = "nodes.conf"
_FIELDS = 8
"""Of a line about a node; ranges of slots follow."""

# Full coverage is not required: what has its slots on living nodes goes on while a replica is promoted. A replica may
# take over however long it had no word of its master.
_CONFIGURATION = """\
primaryauth {password}
cluster-enabled yes
cluster-config-file {known}
cluster-port {bus}
cluster-node-timeout {timeout}
cluster-require-full-coverage no
cluster-allow-replica-migration no
cluster-replica-validity-factor 0
repl-diskless-sync-delay 0
"""


class ValkeyNode(Valkey):
    """One node. It stays away when it dies: a master that was back, empty, before its replica took over is copied."""

    maxmemory = "86mb"  # three masters have what the one server has

    def __init__(self, directory: Path, number: int, password: str, port: int, bus: int) -> None:
        """`bus` is the port by which nodes talk."""
        self.bus = bus
        more = _CONFIGURATION.format(password=password, bus=self.bus, timeout=NODE_TIMEOUT_MS, known=_KNOWN)
        super().__init__(directory, port, name=f"valkey-{number}", password=password, more=more, restart=False)

    @property
    def node_id(self) -> str:
        """What the cluster calls it."""
        return self.ask("CLUSTER", "MYID")

    @property
    def slots(self) -> list[range]:
        """The slots that it has: of a replica, and of one that does not answer, none."""
        try:
            own = next(line.split() for line in self.ask("CLUSTER", "NODES").splitlines() if "myself" in line)
        except redis.RedisError:
            return []
        if "master" not in own[2]:
            return []
        bounds = [text.partition("-") for text in own[_FIELDS:] if not text.startswith("[")]  # those move
        return [range(int(first), int(last or first) + 1) for first, _, last in bounds]

    @property
    def settled(self) -> bool:
        """Whether it knows all slots served by living nodes, and is a master or copies one. False if it is away."""
        try:
            state, role = self.ask("CLUSTER", "INFO"), self.ask("INFO", "replication")
        except redis.RedisError:
            return False
        served = "cluster_state:ok" in state and f"cluster_slots_ok:{SLOTS}" in state
        return served and ("role:master" in role or "master_link_status:up" in role)

    def forget(self) -> None:
        """Forgets the cluster of an earlier run."""
        (self.directory / _KNOWN).unlink(missing_ok=True)


class ValkeyCluster:
    """Six nodes on the loopback interface, whose configurations and logs live in `directory`.

    A context manager: inside, all slots are served and each master has a copy.
    """

    def __init__(self, directory: Path) -> None:
        self._password = secrets.token_urlsafe(24)
        claimed = ports.several(4 * MASTERS)
        self.nodes: Sequence[ValkeyNode] = [
            ValkeyNode(directory / str(number), number, self._password, port, bus)
            for number, (port, bus) in enumerate(zip(claimed[::2], claimed[1::2], strict=True), start=1)
        ]

    @property
    def processes(self) -> list[Process]:
        """Those of all nodes."""
        return [node.process for node in self.nodes]

    @property
    def url(self) -> str:
        """Its address, for REDIS_URL: all nodes, password included."""
        hosts = ",".join(f"{ports.LOOPBACK}:{node.port}" for node in self.nodes)
        return f"redis+cluster://:{self._password}@{hosts}"

    @property
    def masters(self) -> list[ValkeyNode]:
        """The nodes that have slots now, of those that answer."""
        return [node for node in self.nodes if node.slots]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when all slots are served and each master has its replica. Raises StackError."""
        with ExitStack() as undo:
            undo.callback(self.stop)
            for node in self.nodes:
                node.forget()
                node.start()
            self._form()
            undo.pop_all()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Stops all nodes; what they held is gone."""
        stop_all(self.processes, timeout_s)

    def revive(self, node: ValkeyNode) -> None:
        """Starts a node again that was killed: as a replica, if its slots were taken over meanwhile."""
        node.process.wait_stopped(0.0)
        node.start()
        self._wait(lambda: node.settled, f"{node.process.name} in its cluster")

    @property
    def whole(self) -> bool:
        """Whether all nodes live, know it, and each replica copies its master."""
        return all(node.settled for node in self.nodes)

    def wait_whole(self) -> None:
        """Returns when it is. Raises StackError if that takes too long."""
        self._wait(lambda: self.whole, "the cluster")

    def _form(self) -> None:
        """Makes a cluster of new nodes."""
        first, masters, replicas = self.nodes[0], self.nodes[:MASTERS], self.nodes[MASTERS:]
        for number, node in enumerate(masters):
            start, end = number * SLOTS // MASTERS, (number + 1) * SLOTS // MASTERS - 1
            node.ask("CLUSTER", "ADDSLOTSRANGE", start, end)
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in self.nodes[1:]:
            node.ask("CLUSTER", "MEET", ports.LOOPBACK, first.port, first.bus)
        for master, replica in zip(masters, replicas, strict=True):
            known = master.node_id
            self._wait(partial(_knows, replica, known), f"{replica.process.name} to meet")
            replica.ask("CLUSTER", "REPLICATE", known)
        self.wait_whole()

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _TIMEOUT_S
        while not done():
            if time.monotonic() > deadline:
                raise StackError(f"{what} was not ready within {_TIMEOUT_S:.0f} s; {self.nodes[0].process.log_tail()}")
            time.sleep(_POLL_S)


def _knows(node: ValkeyNode, other: str) -> bool:
    return other in node.ask("CLUSTER", "NODES")
