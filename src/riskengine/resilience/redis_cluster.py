"""A Redis (or Valkey) Cluster as one server: commands go to the node that has their slot, whichever that is by now.

redis-py's own cluster client closes all connections of all nodes when one fails in a pipeline, and asks a server where
the key of a blocking read is, each time. Here only what a lost node had is lost, and is tried once more.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from redis.asyncio.cluster import ClusterNode, PipelineCommand, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.cluster import PRIMARY
from redis.commands.core import AsyncCoreCommands
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    RedisClusterException,
    SlotNotCoveredError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from riskengine.resilience.redis_connection import QuickConnection, QuickTlsConnection
from riskengine.resilience.redis_url import RedisUrl

SLOTS = 16_384
"""Slots that a cluster spreads its keys over."""

_STEPS = 6
"""How often a command is sent on: a lost node, a slot that moves, and one that moves again meanwhile."""

_MOVING_WAIT = 0.05
"""Seconds before keys are asked for again some of which are on their way to another node."""

_MOST_CONNECTIONS = 10_000
"""To a node: as many as there are commands under way."""

_LOST = (RedisConnectionError, RedisTimeoutError, ClusterDownError, SlotNotCoveredError, OSError)
_SENT_ON = (MovedError, AskError, TryAgainError, *_LOST)

_KEY_AT = {"EVAL": 3, "EVALSHA": 3, "XGROUP": 2, "XINFO": 2}
"""Where commands have their first key, if not in the first place."""

_NO_KEY = frozenset(("PING", "SCRIPT", "CLUSTER", "CONFIG", "INFO", "KEYS", "FLUSHALL", "DBSIZE", "TIME", "CLIENT"))


class _Sending(msgspec.Struct):
    """A command on its way. `asked` is the node that has what moves, once its owner has said so."""

    command: PipelineCommand
    asked: ClusterNode | None = None


class Cluster(RedisCluster):
    """A client of the cluster that has the nodes of the address; it finds the others, and who has which slot.

    Where a command goes is decided by its first key; the node refuses one whose keys are in several slots.
    """

    def __init__(self, url: RedisUrl, **options: Any) -> None:
        super().__init__(
            startup_nodes=[ClusterNode(node.host, node.port) for node in url.nodes],
            ssl=url.tls,
            require_full_coverage=False,
            reinitialize_steps=0,
            retry=Retry(NoBackoff(), 1),
            max_connections=_MOST_CONNECTIONS,
            **(options | url.options),
        )
        self.connection_kwargs["connection_class"] = QuickTlsConnection if url.tls else QuickConnection
        for node in self.nodes_manager.startup_nodes.values():
            node.connection_class = self.connection_kwargs["connection_class"]

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> Any:
        """Commands to be sent at once, each by itself: there are no transactions over several nodes."""
        return ClusterPipeline(self)

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """Sends one command. Raises redis-py's errors."""
        if args[0] == "PING":
            kwargs["target_nodes"] = self.PRIMARIES
        if args[0].partition(" ")[0] in _NO_KEY or "target_nodes" in kwargs:
            return await super().execute_command(*args, **kwargs)
        answer = (await self.send([PipelineCommand(0, *args, **kwargs)]))[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def send(self, commands: Sequence[PipelineCommand]) -> list[Any]:
        """The answers to commands, each of which may be an exception. Those of one slot are done in their order.

        What a lost node had is sent once more, to whoever has its slots then: it may have been done before.
        """
        try:
            await self.initialize()
        except IndexError as error:
            raise RedisConnectionError("no slot of the cluster has a node") from error
        waiting = [_Sending(command) for command in commands]
        refreshed = False
        for _ in range(_STEPS):
            await self._pass(waiting)
            waiting = [one for one in waiting if isinstance(one.command.result, _SENT_ON)]
            lost = any(isinstance(one.command.result, _LOST) for one in waiting)
            if not waiting or (lost and refreshed):
                break
            if lost:
                refreshed = True
                await self._refresh(waiting)
            await self._redirect(waiting)
        return [command.result for command in commands]

    def owner(self, command: PipelineCommand) -> ClusterNode:
        """The node that has the slot of the command's first key. Raises SlotNotCoveredError."""
        slot = key_slot(self.encoder.encode(_first_key(command.args)))
        nodes = self.nodes_manager.slots_cache.get(slot)
        if not nodes:
            raise SlotNotCoveredError(f"no node has slot {slot}")
        return nodes[0]

    async def _pass(self, waiting: Sequence[_Sending]) -> None:
        """Sends each command to where it belongs, at once."""
        by_node: dict[ClusterNode, list[PipelineCommand]] = {}
        for one in waiting:
            try:
                node = one.asked or self.owner(one.command)
            except SlotNotCoveredError as error:
                one.command.result = error
                continue
            if one.asked:
                by_node.setdefault(node, []).append(PipelineCommand(0, "ASKING"))
            by_node.setdefault(node, []).append(one.command)
            one.asked = None
        await asyncio.gather(*(self._to(node, commands) for node, commands in by_node.items()))

    async def _to(self, node: ClusterNode, commands: list[PipelineCommand]) -> None:
        """Sends commands to a node. If it is lost, so are all connections to it."""
        try:
            await node.execute_pipeline(commands)
        except _LOST as error:
            for command in commands:
                command.result = error
        if any(isinstance(command.result, _LOST) for command in commands):
            node.update_active_connections_for_reconnect()
            await node.disconnect_free_connections()
            self.nodes_manager.move_node_to_end_of_cached_nodes(node.name)

    async def _redirect(self, waiting: Sequence[_Sending]) -> None:
        """Notes where nodes said that keys are."""
        moving = False
        for one in waiting:
            match one.command.result:
                case MovedError() as moved:
                    await self.nodes_manager.move_slot(moved)
                case AskError() as ask:
                    one.asked = self._node(ask)
                case TryAgainError():
                    moving = True
        if moving:
            await asyncio.sleep(_MOVING_WAIT)

    def _node(self, ask: AskError) -> ClusterNode:
        """The node that has what moves; it may be one that has no slot yet, and so was not known."""
        nodes = self.nodes_manager
        known = nodes.get_node(ask.host, ask.port)
        if known is None:
            known = ClusterNode(ask.host, ask.port, PRIMARY, **self.connection_kwargs)
            nodes.set_nodes(nodes.nodes_cache, {known.name: known})
        return known

    async def _refresh(self, waiting: Sequence[_Sending]) -> None:
        """Asks the nodes that answer who has which slot; concurrent calls ask once."""
        try:
            await self.nodes_manager.initialize()
        except (RedisClusterException, IndexError):  # nobody answers, or knows of any slot: so they stay lost
            for one in waiting:
                one.command.result = RedisConnectionError("no node of the cluster knows who has its slots")


class ClusterPipeline(AsyncCoreCommands):
    """Commands that are sent at once, added as to redis-py's own pipelines."""

    _event_dispatcher: Any = None  # of redis-py's own: nobody listens to events of ours

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._commands: list[PipelineCommand] = []

    def execute_command(self, *args: Any, **kwargs: Any) -> "ClusterPipeline":
        """Adds a command."""
        self._commands.append(PipelineCommand(len(self._commands), *args, **kwargs))
        return self

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Sends what was added, and forgets it; the answers in order. Raises the first error, unless told not to."""
        commands, self._commands = self._commands, []
        answers = await self._cluster.send(commands) if commands else []
        if raise_on_error:
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
        return answers


def _first_key(args: Sequence[Any]) -> Any:
    if args[0] in ("XREADGROUP", "XREAD"):
        return args[args.index("STREAMS") + 1]
    return args[_KEY_AT.get(args[0], 1)]
