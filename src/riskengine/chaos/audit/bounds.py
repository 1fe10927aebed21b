"""What grew no further than it may, and what healed."""

from collections.abc import Iterator, Sequence

from riskengine.chaos.audit.findings import Check
from riskengine.chaos.conductor import Event
from riskengine.chaos.load import MOST_OUTSTANDING
from riskengine.chaos.meter import Sample

_MEGABYTE = 1 << 20

MOST_API = 192 * _MEGABYTE
"""Bytes of an API process: half more than it has under full load."""

MOST_WORKER = 192 * _MEGABYTE
"""Bytes of a worker."""

MOST_VALKEY = 256 * _MEGABYTE
"""Bytes of Valkey: its `maxmemory`."""

MOST_DEPTH = 2 * MOST_OUTSTANDING + 5_000
"""Messages in the stream: what an outage leaves waiting, some of it twice. A backlog that multiplied would be more."""


def checks(samples: Sequence[Sample], events: Sequence[Event]) -> list[Check]:
    """Checks on what was measured each second, and on faults."""
    return [
        Check.of("processes stay within their memory", len(samples), _memory(samples)),
        Check.of("the stream stays short", len(samples), _depth(samples)),
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
    for sample in samples:
        if sample.depth is not None and sample.depth > MOST_DEPTH:
            yield f"{sample.depth} messages at {sample.at_s:.0f} s, more than {MOST_DEPTH}"
