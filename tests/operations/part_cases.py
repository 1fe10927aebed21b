"""Cases of alerts on what the engine stands on."""

from tests.operations.cases import BEFORE_S, Case, Kind, Told
from tests.operations.flow_cases import DECIDED
from tests.operations.series import EVERY_S, Levels, Phase


def _trap(alert: str, given: str, levels: Levels) -> Case:
    return Case(alert=alert, kind=Kind.TRAP, given=given, phases=(Phase(3 * BEFORE_S, levels),))


def _part(part: str, instance: str = "a") -> str:
    return f'riskengine_breaker_state{{instance="{instance}",part="{part}"}}'


def _breakers() -> list[Case]:
    closed = {_part("postgresql"): 0.0, _part("redis"): 0.0}
    told = Told(alert="BreakerOpen", well=closed, bad={**closed, _part("redis"): 2.0}, at=closed)
    tried = [Phase(EVERY_S, {**closed, _part("redis"): state}) for state in (2.0, 1.0) * 8]
    others = {**closed, _part("model"): 2.0, _part("replica 10.0.0.9:5432"): 2.0}
    return [
        *told.cases(),
        Case(
            alert="BreakerOpen",
            kind=Kind.FIRES,
            given="half-open at every other scrape",
            phases=(Phase(BEFORE_S, closed), *tried),
            fires_s=BEFORE_S + 30,
        ),
        _trap("BreakerOpen", "those of a model and of a replica have alerts of their own", others),
    ]


def _gauge(alert: str, name: str, well: float, at: float, bad: float) -> list[Case]:
    return [*Told(alert=alert, well={name: well}, bad={name: bad}, at={name: at}).cases()]


def _waits(within: float) -> Levels:
    """Waits for a connection: how many of 100 a second end within 0.1 s; none within less."""
    bounds = {"0.05": 0.0, "0.1": within, "0.5": 100.0, "+Inf": 100.0}
    return {
        f'riskengine_pool_wait_seconds_bucket{{instance="w",part="postgresql",le="{bound}"}}': count
        for bound, count in bounds.items()
    }


_REBUILT = 'riskengine_histories_rebuilt_total{instance="w"}'
_SCORED = 'riskengine_model_scored_total{instance="w"}'
_LATE = 'riskengine_model_degraded_total{instance="w",cause="late"}'

CASES: tuple[Case, ...] = (
    *_breakers(),
    *_gauge("MonthMissing", 'riskengine_months_ahead{instance="w"}', 2, 1, 0),
    _trap("MonthMissing", "nobody has looked", {}),
    *_gauge("ReplicaAway", 'riskengine_replica_up{instance="a",replica="10.0.0.9:5432"}', 1, 1, 0),
    _trap("ReplicaAway", "there are no replicas", {}),
    *_gauge("ReplicaStale", 'riskengine_replica_lag_seconds{instance="a",replica="10.0.0.9:5432"}', 0.1, 30, 30.1),
    *_gauge("RollupsBehind", 'riskengine_rollups_behind_seconds{instance="w"}', 2, 60, 61),
    *Told(alert="PoolExhausted", well=_waits(100), bad=_waits(0), at=_waits(95), late_s=15, short_s=-45).cases(),
    _trap("PoolExhausted", "nobody asks", dict.fromkeys(_waits(0), 0.0)),
    *Told(
        alert="HistoriesRebuilt",
        well={_REBUILT: 0, DECIDED: 10},
        bad={_REBUILT: 100, DECIDED: 10},
        at={_REBUILT: 1, DECIDED: 10},
        late_s=15,
        short_s=-285,
    ).cases(),
    _trap("HistoriesRebuilt", "nothing is decided", {_REBUILT: 0, DECIDED: 0}),
    *Told(
        alert="ModelDegraded",
        well={_SCORED: 100},
        bad={_SCORED: 0, _LATE: 100},
        at={_SCORED: 99, _LATE: 1},
        late_s=15,
        short_s=-285,
    ).cases(),
    _trap("ModelDegraded", "nothing is decided", {_SCORED: 0, _LATE: 0}),
    _trap("ModelDegraded", "there is no model", {_SCORED: 0}),
)
"""All of them."""
