"""The loop that looks, decides, and acts: by a pure decider, a source of signals, and a driver."""

import asyncio
import time
from collections.abc import Mapping

import msgspec
import structlog
from prometheus_client import Counter, Gauge

from riskengine.autoscaling.decider import Decider
from riskengine.autoscaling.driver import Driver
from riskengine.autoscaling.policy import Action, Observation, Policy
from riskengine.autoscaling.verdict import Verdict, Why
from riskengine.domain.errors import RiskEngineError
from riskengine.operations.scaling_rules import Direction
from riskengine.operations.signals import Signal
from riskengine.operations.sources import Source
from riskengine.stack.standing import Counts, Kind

_actions = Counter("riskengine_autoscaler_actions_total", "Times that a count was changed", ["kind", "direction"])
_refused = Counter("riskengine_autoscaler_refused_total", "Changes that could not be made", ["kind"])
_held = Counter("riskengine_autoscaler_held_total", "Times that a rule began to be held back", ["kind", "why"])
_wanted = Gauge("riskengine_autoscaler_wanted", "Processes that are wanted", ["kind"])
_failures = Counter("riskengine_autoscaler_read_failures_total", "Looks at which signals or counts could not be read")
_log = structlog.get_logger()


class Outlook(msgspec.Struct, frozen=True):
    """What a look showed, and what came of it. `counts` is None as long as they could not be read."""

    signals: Mapping[Signal, float]
    counts: Counts | None
    verdict: Verdict


class Autoscaler:
    """Acts by a policy; a dry one only says what it would do. Raises ConfigurationError if it is no policy.

    Whatever cannot be read or done is logged and counted, and tried again: by the next look, or after the cooldown.
    """

    def __init__(self, source: Source, driver: Driver, policy: Policy, *, dry: bool = False) -> None:
        self._source = source
        self._driver = driver
        self._decider = Decider(policy)
        self._dry = dry
        self._counts: Counts | None = None
        self._away: tuple[str, ...] = ()
        self._unread: str | None = None
        self._held: set[tuple[Kind, str, Why]] = set()

    async def run(self, every_s: float, stop: asyncio.Event) -> None:
        """Looks every so many seconds, until it is to stop; an action that has begun is finished."""
        while not stop.is_set():
            begun_s = time.monotonic()
            await self.look(begun_s)
            try:
                await asyncio.wait_for(stop.wait(), max(0.0, begun_s + every_s - time.monotonic()))
            except TimeoutError:
                continue

    async def look(self, at_s: float) -> Outlook:
        """Looks once, at a moment of a clock that never goes back, and acts on it."""
        signals = await self._read()
        if self._counts is None:
            return Outlook(signals, None, Verdict((), ()))
        counts = self._counts
        verdict = self._decider.weigh(Observation(at_s, signals, counts))
        self._tell(verdict)
        for kind in Kind:
            _wanted.labels(kind).set(counts.of(kind))
        for action in verdict.actions:
            await self._act(action)
        return Outlook(signals, counts, verdict)

    async def _read(self) -> Mapping[Signal, float]:
        """What is known, which is nothing if signals or counts cannot be read."""
        try:
            reading = await self._source.read()
            self._counts = await asyncio.to_thread(self._driver.counts)
        except RiskEngineError as error:
            _failures.inc()
            if self._unread != str(error):
                _log.warning("signals_unread", reason=str(error))
            self._unread = str(error)
            return {}
        if self._unread is not None:
            self._unread = None
            _log.info("signals_read_again")
        if reading.away != self._away:
            self._away = reading.away
            if reading.away:
                _log.warning("processes_silent", names=list(reading.away))
            else:
                _log.info("processes_answer")
        return reading.signals

    def _tell(self, verdict: Verdict) -> None:
        """Logs and counts what is newly held back; what only waits for its time is no news."""
        reasons = {(one.kind, one.rule, one.why): one.reason for one in verdict.held if one.why is not Why.HOLD}
        for (kind, rule, why), reason in reasons.items():
            if (kind, rule, why) not in self._held:
                _held.labels(kind, why).inc()
                _log.info("scaling_held", kind=kind, rule=rule, why=why, reason=reason)
        self._held = set(reasons)

    async def _act(self, action: Action) -> None:
        told = msgspec.structs.asdict(action)
        if self._dry:
            _log.info("would_scale", **told)
            return
        begun_s = time.monotonic()
        try:
            await asyncio.to_thread(self._driver.scale, action.kind, action.after)
        except RiskEngineError as error:
            _refused.labels(action.kind).inc()
            _log.warning("scaling_refused", **told, error=str(error))
            return
        direction = Direction.UP if action.after > action.before else Direction.DOWN
        _actions.labels(action.kind, direction).inc()
        _wanted.labels(action.kind).set(action.after)
        _log.info("scaled_by_rule", **told, seconds=round(time.monotonic() - begun_s, 2))
