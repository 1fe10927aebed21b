"""The most that one worker was seen to decide: what processor time does not tell of a worker that waits for others."""

import math
from collections import deque

import msgspec

from riskengine.autoscaling.policy import Observation
from riskengine.operations.signals import Signal

WHOLE_S = 60.0
"""Seconds that a spell must have lasted before its rate counts: the window of rates, so that all of the rate is of the
spell. After as long without a look it begins anew.
"""

KEPT_S = 86_400.0
"""Seconds that a rate is remembered: a day, whose busiest time comes again. What is older may be of another machine,
another rule set, or shorter histories.
"""


class _Seen(msgspec.Struct, frozen=True, gc=False):
    at_s: float
    rate: float


class Ceiling:
    """What one worker can decide, as far as that was seen: the most of the last KEPT_S, in messages a second.

    How many a worker decides tells what it can decide only while messages wait. So a look counts if at each one of the
    WHOLE_S before, and at itself, `low_depth` messages or more were in the queue, and workers were as many. A figure
    that is unknown ends such a spell; so does a breaker that is not closed, since then nobody decides what he can.
    """

    def __init__(self, low_depth: float) -> None:
        self._low_depth = low_depth
        self._since_s: float | None = None
        self._before: Observation | None = None
        self._seen: deque[_Seen] = deque()
        """Those that may yet be the most: ever later ones, of ever lower rates."""

    def look(self, observation: Observation) -> None:
        """Notes what is seen; observations come in the order of their time."""
        now_s, workers = observation.at_s, observation.counts.worker
        before, self._before = self._before, observation
        if before is None or now_s - before.at_s > WHOLE_S or before.counts.worker != workers:
            self._since_s = None
        decided = observation.signals.get(Signal.DECIDED_RATE, math.nan)
        if not self._waiting(observation) or math.isnan(decided):
            self._since_s = None
        elif self._since_s is None:
            self._since_s = now_s
        while self._seen and now_s - self._seen[0].at_s > KEPT_S:
            self._seen.popleft()
        if self._since_s is not None and now_s - self._since_s >= WHOLE_S and workers and decided > 0:
            self._note(_Seen(now_s, decided / workers))

    @property
    def most(self) -> float | None:
        """Messages a second that one worker was seen to decide at most; None if no spell was seen within KEPT_S."""
        return self._seen[0].rate if self._seen else None

    def _waiting(self, observation: Observation) -> bool:
        away = observation.signals.get(Signal.BREAKERS, 0) > 0
        return not away and observation.signals.get(Signal.QUEUE_DEPTH, math.nan) >= self._low_depth

    def _note(self, seen: _Seen) -> None:
        while self._seen and self._seen[-1].rate <= seen.rate:
            self._seen.pop()
        self._seen.append(seen)
