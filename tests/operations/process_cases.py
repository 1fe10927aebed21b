"""Cases of alerts on the engine's processes."""

from tests.operations.cases import AFTER_S, BEFORE_S, Case, Kind, Told
from tests.operations.flow_cases import DEPTH, MOST_S
from tests.operations.series import EVERY_S, Levels, Phase


def _trap(alert: str, given: str, *phases: Phase) -> Case:
    return Case(alert=alert, kind=Kind.TRAP, given=given, phases=phases)


def _up(instance: str, job: str = "payments") -> str:
    return f'up{{job="{job}",instance="{instance}"}}'


def _memory(instance: str, role: str) -> str:
    return f'riskengine_memory_bytes{{job="payments",instance="{instance}",role="{role}"}}'


def _runs(instance: str, kind: str = "ruleset") -> str:
    return f'riskengine_running_version{{instance="{instance}",kind="{kind}"}}'


def _living(workers: float) -> Levels:
    """Two workers are scraped, which say how many live."""
    seen: dict[str, float | None] = {_memory("v", "worker"): 9e7, _memory("w", "worker"): 9e7}
    return seen | {f'riskengine_processes{{instance="{one}",role="worker"}}': workers for one in "vw"}


def _delays(within: float) -> Levels:
    """Delays of the event loop: how many of 100 a second are within 0.1 s; none within less."""
    bounds = {"0.05": 0.0, "0.1": within, "0.5": 100.0, "+Inf": 100.0}
    return {
        f'riskengine_event_loop_delay_seconds_bucket{{instance="a",role="api",le="{bound}"}}': count
        for bound, count in bounds.items()
    }


def _changing() -> list[Phase]:
    """Lists that change at every scrape; of two processes one is always scraped a version earlier."""
    return [Phase(EVERY_S, {_runs("a", "lists"): 100.0 + n, _runs("w", "lists"): 101.0 + n}) for n in range(80)]


_UNDER_WAY = 'riskengine_http_requests_under_way{instance="a"}'
_FAILURES = 'riskengine_reload_failures_total{instance="w"}'
_STARTED = 'process_start_time_seconds{instance="w"}'
_LIVES = {_up("w"): 1.0, _memory("w", "worker"): 9e7}
_FAILED_S = BEFORE_S + 900

CASES: tuple[Case, ...] = (
    *Told(alert="NoWorker", well={DEPTH: 0}, bad={_UNDER_WAY: 0}).cases(),
    *Told(alert="NoApi", well={_UNDER_WAY: 0}, bad={DEPTH: 0}).cases(),
    *Told(alert="TargetDown", well=_LIVES, bad={_up("w"): 0}).cases(),
    _trap("TargetDown", "a target of another job is down", Phase(3 * BEFORE_S, {**_LIVES, _up("x", "other"): 0})),
    _trap("TargetDown", "a process was taken away", Phase(BEFORE_S, _LIVES), Phase(AFTER_S, {})),
    *Told(alert="ProcessUnwatched", well=_living(2), bad=_living(3)).cases(),
    _trap("ProcessUnwatched", "one that died is still scraped for a moment", Phase(3 * BEFORE_S, _living(1))),
    Case(
        alert="ReleaseUnusable",
        kind=Kind.FIRES,
        phases=(Phase(_FAILED_S, {_FAILURES: 0}), Phase(15, {_FAILURES: 1 / 15}), Phase(AFTER_S, {_FAILURES: 0})),
        fires_s=_FAILED_S + 15,
        ends_s=_FAILED_S + MOST_S,
    ),
    Case(
        alert="ReleaseUnusable",
        kind=Kind.FIRES,
        given="before it was scraped for the first time",
        phases=(Phase(_FAILED_S, {DEPTH: 0}), Phase(AFTER_S, {_FAILURES: 0, _STARTED: _FAILED_S - 15})),
        begins_at=1,
        fires_s=_FAILED_S,
        ends_s=_FAILED_S + MOST_S - 15,
    ),
    Case(alert="ReleaseUnusable", kind=Kind.WELL, phases=(Phase(AFTER_S, {_FAILURES: 0}),)),
    Case(
        alert="ReleaseUnusable",
        kind=Kind.AT_THRESHOLD,
        given="one long ago",
        phases=(Phase(3 * MOST_S, {_FAILURES: 0}),),
        begins_at=1,
        watched_s=MOST_S,
    ),
    *Told(
        alert="VersionsDiffer",
        well={_runs("a"): 5, _runs("w"): 5},
        bad={_runs("a"): 6, _runs("w"): 5},
        late_s=60,
    ).cases(),
    Case(
        alert="VersionsDiffer",
        kind=Kind.FIRES,
        given="one that does not follow a rollback",
        phases=(Phase(BEFORE_S, {_runs("a"): 6, _runs("w"): 6}), Phase(900, {_runs("a"): 5, _runs("w"): 6})),
        fires_s=BEFORE_S + 120,
    ),
    _trap("VersionsDiffer", "lists change all the time", *_changing()),
    _trap(
        "VersionsDiffer",
        "a rollback that all follow",
        Phase(BEFORE_S, {_runs("a"): 6, _runs("w"): 6}),
        Phase(AFTER_S, {_runs("a"): 2, _runs("w"): 2}),
    ),
    *Told(alert="EventLoopBlocked", well=_delays(100), bad=_delays(0), at=_delays(99), late_s=15, short_s=-45).cases(),
)
"""All of them."""
