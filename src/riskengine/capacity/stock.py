"""What a stack's Valkey keeps, in bytes apiece: messages that wait, events of histories, cached decisions."""

import statistics
from collections.abc import Sequence
from itertools import islice

import msgspec
from redis.asyncio import Redis

from riskengine.scoring.history import History
from riskengine.scoring.records import WIDTH
from riskengine.state.cache_kinds import DECISION
from riskengine.streaming.streams import STREAM

SAMPLED = 500
"""Keys of a kind that are looked at: their mean is then known to a few percent."""


class Kept(msgspec.Struct, frozen=True):
    """Bytes of an account's history without events, of an event in it, and of a decision."""

    history: float
    history_event: float
    cached_decision: float


async def queued(redis: Redis) -> float:
    """Bytes of a message that waits in the only stream. At least one must."""
    size = await redis.memory_usage(STREAM, samples=0)
    return float(size or 0) / await redis.xlen(STREAM)


async def kept(redis: Redis) -> Kept:
    """What there is after some thousand decisions."""
    histories = await _some(redis, "history:*")
    events = [_events(await redis.get(key)) for key in histories]
    decisions = await _some(redis, f"cache:{DECISION.name}:*")
    alone, event = _line(events, await _sizes(redis, histories))
    return Kept(alone, event, cached_decision=sum(await _sizes(redis, decisions)) / len(decisions))


def _line(events: Sequence[int], sizes: Sequence[int]) -> tuple[float, float]:
    """What a history takes without events, and with each: least squares; an event is its record at least."""
    count, mean = statistics.mean(events), statistics.mean(sizes)
    slope = WIDTH if len(set(events)) < 2 else max(WIDTH, statistics.linear_regression(events, sizes).slope)
    return max(0.0, mean - slope * count), slope


def _events(value: str | bytes | None) -> int:
    assert isinstance(value, bytes), "a history does not go while its account is decided on"
    return len(History.from_bytes(value).records) // WIDTH - 1  # less the ground


async def _some(redis: Redis, pattern: str) -> list[bytes]:
    found = [key async for key in redis.scan_iter(match=pattern, count=1000)]
    return list(islice(found, SAMPLED))


async def _sizes(redis: Redis, keys: Sequence[bytes]) -> list[int]:
    return [int(await redis.memory_usage(key) or 0) for key in keys]
