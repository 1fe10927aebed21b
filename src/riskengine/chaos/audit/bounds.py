"""What grew no further than it may, and what healed."""

from collections import deque
from collections.abc import Iterator, Sequence

from riskengine.chaos.audit.findings import Check
from riskengine.chaos.conductor import Event
from riskengine.chaos.meter import Sample

_MEGABYTE = 1 << 20

MOST_API, MOST_WORKER = 128 * _MEGABYTE, 160 * _MEGABYTE
"""Bytes of an API process and of a worker: what they are to stay below under full load, too."""

MOST_VALKEY = 256 * _MEGABYTE
"""Bytes of Valkey: its `maxmemory`."""

LOOK_BACK_S = 30.0
"""Seconds for which what waited then explains what the stream holds now: messages in hand, acknowledged late."""

MOST_COPIES, IN_HAND = 2, 1_000
"""The stream holds what waits, some of it twice after a crash, and what is decided and not acknowledged yet."""


def checks(samples: Sequence[Sample], events: Sequence[Event]) -> list[Check]:
    """Checks on what was measured each second, and on faults."""
    return [
        Check.of("processes stay within their memory", len(samples), _memory(samples)),
        Check.of("the stream holds no more than what waits", len(samples), _depth(samples)),
        Check.of(
            "every fault could be done, and healed",
            len(events),
            (f"{event.name} at {event.from_s:.0f} s: {event.remark}" for event in events if not event.healed),
        ),
    ]


def peaks(samples: Sequence[Sample]) -> dict[str, int]:
    """The most memory that each process had, in bytes."""
    found: dict[str, int] = {}
    for sample in samples:
        for name, size in sample.memory.items():
            found[name] = max(size, found.get(name, 0))
    return found


def _memory(samples: Sequence[Sample]) -> Iterator[str]:
    limits = {"api": MOST_API, "worker": MOST_WORKER, "valkey": MOST_VALKEY}
    for name, size in peaks(samples).items():
        limit = limits[name.partition("-")[0]]
        if size > limit:
            yield f"{name} had {size / _MEGABYTE:.0f} MB, more than {limit / _MEGABYTE:.0f}"


def _depth(samples: Sequence[Sample]) -> Iterator[str]:
    """A backlog may be long, and must not be multiplied."""
    waited: deque[tuple[float, int]] = deque()
    for sample in samples:
        if sample.pending is not None:
            waited.append((sample.at_s, sample.pending))
        while len(waited) > 1 and waited[0][0] < sample.at_s - LOOK_BACK_S:
            waited.popleft()
        most = max((pending for _, pending in waited), default=0)
        if sample.depth is not None and sample.depth > MOST_COPIES * most + IN_HAND:
            yield f"{sample.depth} messages at {sample.at_s:.0f} s, when {most} transactions waited"
