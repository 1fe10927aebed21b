"""The engine in simulated time: what waits where, and who works on it."""

import math
from collections.abc import Sequence

import msgspec

from riskengine.api.door import MOST_UNDER_WAY
from riskengine.capacity.whatif.line import Line, Portion
from riskengine.capacity.whatif.scenario import QueueLimits
from riskengine.capacity.whatif.speeds import Offer, Speed, Speeds
from riskengine.stack.standing import Kind

RELAY_AFTER_S = 5.0
"""Seconds for which the relay leaves alone what is pending: RELAY_AFTER_MS."""


class Totals(msgspec.Struct):
    """Transactions so far, and processor seconds of API processes and workers."""

    offered: float = 0.0
    accepted: float = 0.0
    refused: float = 0.0
    decided: float = 0.0
    at_once: float = 0.0
    """Of those decided: by API processes, without the queue."""
    api_cpu_s: float = 0.0
    worker_cpu_s: float = 0.0


class Delay(msgspec.Struct, frozen=True, gc=False):
    """That so many transactions took so many seconds."""

    seconds: float
    count: float


class Flow(msgspec.Struct, frozen=True, gc=False):
    """What went through in a step: decisions with their age, answers with their time."""

    decided: Sequence[Delay]
    answered: Delay


class Plant:
    """Takes in, queues and decides, step by step.

    What is accepted joins the queue while that has room and Valkey is there; else it stays in PostgreSQL until the
    relay brings it. Nothing is ever lost: accepted = decided + depth.
    """

    def __init__(self, speeds: Speeds, limits: QueueLimits) -> None:
        self._speeds = speeds
        self._limits = limits
        self.ready = dict.fromkeys(Kind, 0)
        self.away: dict[str, int] = {"postgresql": 0, "valkey": 0}
        self.factor = dict.fromkeys(Kind, 1.0)
        self.totals = Totals()
        self.waiting = 0.0
        """Transactions that an API process has, and PostgreSQL not yet."""
        self._queue = Line()
        self._unqueued = Line()
        self._held: list[Portion] = []

    @property
    def depth(self) -> float:
        """Transactions accepted and not decided."""
        return self.queued + self._unqueued.count

    @property
    def queued(self) -> float:
        """Those of them in the queue, delivered or not."""
        return self._queue.count + sum(portion.count for portion in self._held)

    @property
    def requests(self) -> float:
        """Requests under way in each API process."""
        return self.waiting * self._speeds.requests / max(1, self.ready[Kind.API])

    def lag(self, now: float) -> float:
        """Seconds since the oldest undecided transaction was accepted."""
        held = (portion.accepted_at for portion in self._held)
        return max(0.0, now - min(self._queue.first_accepted, self._unqueued.first_accepted, *held))

    def queue_lag(self, now: float) -> float:
        """Seconds since the oldest message in the queue was published."""
        return max(0.0, now - self._began)

    def step(self, now: float, seconds: float, offered: float) -> Flow:
        """Lets `seconds` pass, in which so many transactions arrive. `now` is the middle of them."""
        self.totals.offered += offered
        if self.away["postgresql"]:
            self.totals.refused += offered + self.waiting
            self.waiting = 0.0
            return Flow((), Delay(0.0, 0.0))
        speed = self._speed(seconds, offered)
        answered = self._take_in(now, seconds, offered, speed)
        return Flow(self._decide(now, seconds, speed), answered)

    def relay(self, now: float) -> None:
        """Brings to the queue what it lacks, as far as there is room: what was published before the oldest it has."""
        if self.away["postgresql"] or self.away["valkey"] or not self.ready[Kind.WORKER]:
            return
        began = self._began
        while (oldest := self._unqueued.oldest) is not None:
            room = self._limits.queue - self.queued
            if room <= 0 or oldest.published_at >= began or now - oldest.published_at < RELAY_AFTER_S:
                return
            for portion in self._unqueued.leave(min(room, oldest.count)):
                self._queue.join(msgspec.structs.replace(portion, published_at=now))

    @property
    def _began(self) -> float:
        """When the oldest message in the queue was published; infinity if it is empty."""
        return min((p.published_at for p in (*self._held, self._queue.oldest) if p), default=math.inf)

    def kill_api(self) -> None:
        """An API process dies; the requests that it had under way get no answer of its own."""
        lost = self.waiting / self.ready[Kind.API]
        self.waiting -= lost
        self.totals.refused += lost
        self.ready[Kind.API] -= 1

    def kill_worker(self) -> list[Portion]:
        """A worker dies; what it had in hand is held until `take_over`."""
        share = self._queue.count / self.ready[Kind.WORKER]
        self.ready[Kind.WORKER] -= 1
        lost = self._queue.leave(self._speeds.in_hand(share))
        self._held += lost
        return lost

    def take_over(self, portions: Sequence[Portion]) -> None:
        """Others take over what a dead worker had in hand."""
        self._held = [portion for portion in self._held if not any(portion is one for one in portions)]
        self._queue.return_first(portions)

    def possible(self, arriving: float, workers: int) -> Speed:
        """How fast it would go with so many workers, without failures, if so much arrived and enough waited."""
        return self._speeds.of(Offer(self.ready[Kind.API], workers, arriving, math.inf))

    def _speed(self, seconds: float, offered: float) -> Speed:
        queued = (offered + self.waiting) * (1 - self._speeds.decided_at_once)
        wanted = 0.0 if self.away["valkey"] else (self._queue.count + queued) / seconds
        return self._speeds.of(
            Offer(
                self.ready[Kind.API],
                self.ready[Kind.WORKER],
                (offered + self.waiting) / seconds,
                wanted,
                self.factor[Kind.API],
                self.factor[Kind.WORKER],
            )
        )

    def _take_in(self, now: float, seconds: float, offered: float, speed: Speed) -> Delay:
        share = self._speeds.decided_at_once
        if self.away["valkey"]:  # POST /decisions is refused at once
            self.totals.refused += offered * share
            offered, share = offered * (1 - share), 0.0
        before = self.waiting
        done = min(before + offered, speed.taking_in * seconds)
        self.waiting = before + offered - done
        over = max(0.0, self.waiting - self._room)
        self.waiting -= over
        self.totals.refused += over
        self.totals.accepted += done
        self.totals.decided += done * share
        self.totals.at_once += done * share
        self.totals.api_cpu_s += done * self._speeds.api_us * self.factor[Kind.API] * 1e-6
        self._queue_up(now, done * (1 - share))
        return Delay(self._speeds.answer_s((before + self.waiting) / 2, speed), done)

    @property
    def _room(self) -> float:
        """Transactions that all API processes together let wait: the first of both limits counts."""
        return self.ready[Kind.API] * min(self._limits.ingest_queue, MOST_UNDER_WAY / self._speeds.requests)

    def _queue_up(self, now: float, count: float) -> None:
        room = 0.0 if self.away["valkey"] else max(0.0, self._limits.queue - self.queued)
        self._queue.join(Portion(now, now, min(room, count)))
        self._unqueued.join(Portion(now, now, count - min(room, count)))

    def _decide(self, now: float, seconds: float, speed: Speed) -> list[Delay]:
        left = self._queue.leave(speed.deciding * seconds)
        count = sum(portion.count for portion in left)
        self.totals.decided += count
        self.totals.worker_cpu_s += count * self._speeds.worker_us * self.factor[Kind.WORKER] * 1e-6
        in_hand = self._speeds.batch_s(speed, self.ready[Kind.WORKER])
        return [Delay(now - portion.accepted_at + in_hand, portion.count) for portion in left]
