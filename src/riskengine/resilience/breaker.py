"""A circuit breaker: after failures in a row a part is left alone for a while, and then tried by a few calls."""

import math
import time
from collections.abc import Callable
from enum import StrEnum
from types import TracebackType
from typing import Annotated

import msgspec
import structlog
from msgspec import Meta
from prometheus_client import Counter, Gauge

from riskengine.domain.clock import SECOND
from riskengine.domain.errors import Unavailable

# Our own: those on PyPI (pybreaker, aiobreaker, purgatory, circuitbreaker) let any number try at once, or bring a loop.

FAILURES = 5
"""Failures in a row that open a breaker: a hiccup has fewer, and of a server that stalls so many calls wait at once."""

OPEN_MS = 1_000
"""Milliseconds that a part is left alone: as long as Retry-After asks clients to wait."""

PROBES = 2
"""Calls that may try at once: one alone may be a worker's read, which waits a second for messages."""

_gauge = Gauge("riskengine_breaker_state", "State of a breaker: 0 closed, 1 half-open, 2 open", ["part"])
_refused = Counter("riskengine_breaker_refused_total", "Calls refused because a breaker was open", ["part"])
_log = structlog.get_logger()


class State(StrEnum):
    """What a call meets: all pass, a few pass, none passes."""

    CLOSED = "closed"
    HALF_OPEN = "half-open"
    OPEN = "open"


_NUMBERS = {state: number for number, state in enumerate(State)}


class Limits(msgspec.Struct, frozen=True):
    """When a breaker opens (failures in a row), for how long (ms), and how many calls may then try at once."""

    failures: Annotated[int, Meta(ge=1)] = FAILURES
    open_ms: Annotated[int, Meta(ge=1)] = OPEN_MS
    probes: Annotated[int, Meta(ge=1)] = PROBES


class NotAsked(Unavailable):
    """The breaker refused the call: the part itself was not asked."""


class Breaker:
    """The breaker of one part, for one thread.

    It opens after failures in a row, whatever their share of all calls: a dead server fails all of them at once, a
    stalled one all of them late, and one that serves some of them is better asked than left alone. What counts is how
    calls end that began in the present state: what becomes of earlier ones says nothing any more.
    """

    def __init__(self, part: str, limits: Limits | None = None, now: Callable[[], float] = time.monotonic) -> None:
        """`now` gives seconds, and never goes back."""
        self._part = part
        self._limits = limits or Limits()
        self._now = now
        self._until = 0.0
        self._failures = 0
        self._probing = 0
        self._was_tried = False
        self._gauge = _gauge.labels(part)
        self._refused = _refused.labels(part)
        self._enter(State.CLOSED)

    @property
    def part(self) -> str:
        """What it is the breaker of, as errors, logs and metrics call it."""
        return self._part

    @property
    def state(self) -> State:
        """As of the last call: an open breaker becomes half-open when it is called after its time."""
        return self._state

    def call(self) -> "Call":
        """Lets a call through; what is returned is to hear how it ends, as a context manager or told by name.

        Raises NotAsked, with the whole seconds to wait, if the part is left alone, or enough calls try it already.
        """
        if self._state is not State.CLOSED:
            self._admit()
        return self._present

    def _admit(self) -> None:
        if self._state is State.OPEN and self._now() >= self._until:
            self._enter(State.HALF_OPEN)
            if not self._was_tried:
                _log.info("breaker_half_open", part=self._part)
            self._was_tried = True
        if self._state is State.OPEN or self._probing >= self._limits.probes:
            self._refused.inc()
            left = round(self._until - self._now(), 3)  # what floats add to a whole second must not make it two
            raise NotAsked(self._part, max(1, math.ceil(left)))
        self._probing += 1

    def _ended(self, call: "Call", answered: bool | None) -> None:
        """Takes note of how a call ended; None: nobody knows."""
        if call is not self._present:
            return
        if answered is None:
            self._probing -= 1
        elif not answered:
            self._fail()
        elif self._state is State.CLOSED:
            self._failures = 0
        else:
            self._enter(State.CLOSED)
            _log.info("breaker_closed", part=self._part)

    def _fail(self) -> None:
        self._failures += 1
        was_closed = self._state is State.CLOSED
        if was_closed and self._failures < self._limits.failures:
            return
        self._until = self._now() + self._limits.open_ms / SECOND
        self._enter(State.OPEN)
        if was_closed:  # said once for an outage, however often it is tried
            self._was_tried = False
            _log.warning("breaker_opened", part=self._part)

    def _enter(self, state: State) -> None:
        self._state = state
        self._present = Call(self._part, self._ended)
        self._failures = self._probing = 0
        self._gauge.set(_NUMBERS[state])


class Call:
    """A call that was let through: one object for all that begin between two changes of state.

    As a context manager it takes Unavailable with the part's name for a failure, and other errors for an answer. What
    cancels or closes a coroutine says nothing, nor does what another part, or the breaker itself, refused meanwhile.
    """

    __slots__ = ("_ended", "_part")

    def __init__(self, part: str, ended: "Callable[[Call, bool | None], None]") -> None:
        self._part = part
        self._ended = ended

    def succeeded(self) -> None:
        """The part answered."""
        self._ended(self, True)

    def failed(self) -> None:
        """It did not answer."""
        self._ended(self, False)

    def abandoned(self) -> None:
        """The call ended before the part could answer. A probe gives its place back."""
        self._ended(self, None)

    def __enter__(self) -> None:
        """Nothing is left to do: `Breaker.call` let it through."""

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if error is None:
            self._ended(self, True)
        elif isinstance(error, Unavailable):
            self._ended(self, False if error.part == self._part and not isinstance(error, NotAsked) else None)
        else:
            self._ended(self, True if isinstance(error, Exception) else None)
