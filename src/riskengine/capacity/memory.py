"""How much Valkey is to hold: what waits, what scoring remembers of accounts, and what is cached."""

import math

import msgspec

from riskengine.capacity.calibration import Calibration
from riskengine.capacity.demand import Demand
from riskengine.capacity.figure import Figure
from riskengine.domain.clock import DAY, SECOND
from riskengine.scoring.thinning import MOST_RECORDS
from riskengine.state.cache_kinds import DECISION, TRANSACTION

HISTORY_DAYS = 31
"""Days of events that a history holds: the starter catalogue's longest windows."""

FULL = 0.8
"""The share of Valkey's memory that is planned with: allocators waste some, and summaries, profiles and what accounts
share need some.
"""

LEAST_MB = 256
"""MiB at least: what the engine's own Valkey starts with."""

STEP_MB = 64
"""MiB: what memory is rounded up to."""

NODE_MB = 65_536
"""MiB of one node at most: above it a copy to a replica, or a start from disk, takes many minutes."""

LEAST_QUEUE, MOST_QUEUE = 100_000, 10_000_000
"""Messages: the usual QUEUE_LIMIT, and the most that it may be."""


class Memory(msgspec.Struct, frozen=True):
    """Messages that the queue is to hold, and MiB of all nodes of Valkey together."""

    queue_limit: Figure
    total_mb: Figure


def memory(demand: Demand, calibration: Calibration) -> Memory:
    """What Valkey needs for this load."""
    sizes, accounts = calibration.sizes, demand.active_accounts
    wanted = demand.at_peak * demand.outage_minutes * 60
    limit = math.ceil(min(MOST_QUEUE, max(LEAST_QUEUE, wanted)) / 1000) * 1000
    events = min(MOST_RECORDS, demand.tps * HISTORY_DAYS * DAY / SECOND / accounts)
    waiting, remembered = limit * sizes.queued, accounts * (sizes.history + events * sizes.history_event)
    cached = (DECISION.slots + TRANSACTION.slots) * sizes.cached_decision
    total = max(LEAST_MB, _stepped((waiting + remembered + cached) / FULL / 2**20))
    return Memory(
        Figure(limit, "messages", _limit_because(demand, wanted)),
        Figure(
            total,
            "MiB",
            f"queue {_mb(waiting)}, histories {_mb(remembered)} ({accounts:,} accounts × {events:,.1f} events in "
            f"{HISTORY_DAYS} days; fewer in memory are made anew from PostgreSQL, at a cost), caches {_mb(cached)}; "
            f"used at {FULL:.0%}",
        ),
    )


def _limit_because(demand: Demand, wanted: float) -> str:
    said = f"{demand.outage_minutes:g} minutes without workers at {demand.at_peak:,g} a second: {wanted:,.0f}"
    if wanted > MOST_QUEUE:
        return f"{said}, of which more than {MOST_QUEUE:,} wait in PostgreSQL"
    return said if wanted >= LEAST_QUEUE else f"{said}; {LEAST_QUEUE:,} is the usual, and little"


def _stepped(megabytes: float) -> int:
    return math.ceil(megabytes / STEP_MB) * STEP_MB


def _mb(size: float) -> str:
    return f"{size / 2**20:,.0f} MiB"
