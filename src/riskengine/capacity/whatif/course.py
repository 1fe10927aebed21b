"""What came of a scenario: how it stood, moment by moment, and what happened."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class What(StrEnum):
    """Kinds of happenings."""

    FAILURE = "failure"
    SCALING = "scaling"


class Happening(msgspec.Struct, frozen=True):
    """Something that failed, or that the autoscaler did, and what it said for it."""

    at_s: float
    what: What
    told: str
    reason: str = ""


class Moment(msgspec.Struct, frozen=True):
    """How it stands after so many seconds.

    Rates are a second, over the time since the moment before; so are the latencies (accepted to decided, of what went
    through the queue) and the time of answers. They are None when there were none. `depth` is accepted and not decided,
    `queued` the part of it in the queue, `lag_s` the age of its oldest; `accepted`, `decided`, `refused` and `cost` are
    totals since the beginning; `api` and `worker` are processes that work.
    """

    at_s: float
    offered_per_s: float
    accepted_per_s: float
    refused_per_s: float
    decided_per_s: float
    depth: float
    queued: float
    lag_s: float
    latency_p50_s: float | None
    latency_p95_s: float | None
    answer_p95_s: float | None
    api: int
    worker: int
    accepted: float
    decided: float
    refused: float
    cost: float


class Ending(msgspec.Struct, frozen=True):
    """What would come after the end: how much comes in a second, how much the workers decide.

    `enough` is how many workers would be needed for what comes in, None if no number of them would do, and then `cores`
    how many processors would; `failing` says that something has failed and is not back.
    """

    arriving: float
    deciding: float
    workers: int
    enough: int | None
    cores: float
    failing: bool


class Course(msgspec.Struct, frozen=True):
    """All of it. `late` are decisions that took longer than `late_after_s`, `currency` is that of `cost`."""

    moments: Sequence[Moment]
    happenings: Sequence[Happening]
    late: float
    late_after_s: float
    ending: Ending
    currency: str
