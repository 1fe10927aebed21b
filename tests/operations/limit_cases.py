"""Cases of alerts with a warning and a critical value."""

from riskengine.operations.alerts import BY_NAME
from tests.operations.cases import BEFORE_S, Case, Kind, Told
from tests.operations.series import Levels, Phase

ROUTE = "/api/v1/transactions"


def requests(route: str = ROUTE, **within: float) -> Levels:
    """Answers a second: how many within each bound of the histogram (`s0_2` is 0.2 s), of 100."""
    bounds = {"0.1": 0.0, "0.2": 0.0, "0.3": 0.0, "0.5": 0.0, "1.0": 100.0, "+Inf": 100.0}
    bounds |= {bound[1:].replace("_", "."): count for bound, count in within.items()}
    return {
        f'riskengine_http_request_seconds_bucket{{instance="a",route="{route}",method="POST",le="{bound}"}}': count
        for bound, count in bounds.items()
    }


FAST = requests(s0_1=100, s0_2=100, s0_3=100, s0_5=100)
SLOW = requests()

OK = 'riskengine_http_requests_total{instance="a",route="/api/v1/transactions",method="POST",status="201"}'
FAILED = 'riskengine_http_requests_total{instance="a",route="/api/v1/transactions",method="POST",status="503"}'


def latency(alert: str, at: Levels) -> list[Case]:
    """The cases of an alert over the API's p95."""
    told = Told(alert=alert, well=FAST, bad=SLOW, at=at, late_s=15, short_s=-45)
    nobody = dict.fromkeys(SLOW, 0.0)
    health = {**FAST, **requests("/health/ready")}
    return [
        *told.cases(),
        Case(alert=alert, kind=Kind.TRAP, given="nobody asks", phases=(Phase(BEFORE_S, SLOW | nobody),)),
        Case(alert=alert, kind=Kind.TRAP, given="health checks are slow", phases=(Phase(3 * BEFORE_S, health),)),
    ]


def _depth(alert: str, well: float, at: float, bad: float) -> list[Case]:
    name = 'riskengine_queue_depth{instance="w"}'
    return [*Told(alert=alert, well={name: well}, bad={name: bad}, at={name: at}).cases()]


def _lag(alert: str, well: float, at: float, bad: float) -> list[Case]:
    name = 'riskengine_queue_lag_seconds{instance="w"}'
    return [*Told(alert=alert, well={name: well}, bad={name: bad}, at={name: at}).cases()]


def _errors(alert: str, at: float) -> list[Case]:
    told = Told(
        alert=alert, well={OK: 100}, bad={OK: 0, FAILED: 100}, at={OK: 100 - at, FAILED: at}, late_s=15, short_s=-45
    )
    nobody = Phase(3 * BEFORE_S, {OK: 0, FAILED: 0})
    checked = {name.replace(ROUTE, "/health/ready"): rate for name, rate in {OK: 9.0, FAILED: 91.0}.items()}
    hidden = {OK: 0.0, FAILED: 1.0, OK.replace(ROUTE, "/health/ready"): 999.0}
    return [
        *told.cases(),
        Case(alert=alert, kind=Kind.TRAP, given="nobody asks", phases=(nobody,)),
        Case(alert=alert, kind=Kind.TRAP, given="health checks fail", phases=(Phase(BEFORE_S, {OK: 100} | checked),)),
        Case(
            alert=alert,
            kind=Kind.FIRES,
            given="health checks are answered",
            phases=(Phase(BEFORE_S, {**hidden, OK: 1, FAILED: 0}), Phase(BEFORE_S, hidden)),
            fires_s=BEFORE_S + 15 + int(BY_NAME[alert].rule.hold_s),
        ),
    ]


def _connections(alert: str, at: float) -> list[Case]:
    used, most = (
        'riskengine_postgresql_connections{instance="w"}',
        'riskengine_postgresql_connections_most{instance="w"}',
    )
    told = Told(alert=alert, well={used: 10, most: 100}, bad={used: at + 1, most: 100}, at={used: at, most: 100})
    return [*told.cases()]


_MEMORY = ('riskengine_memory_ratio{instance="a",role="api"}', 'riskengine_memory_ratio{instance="w",role="worker"}')

CASES: tuple[Case, ...] = (
    *latency("ApiLatencyWarning", requests(s0_2=95, s0_3=100, s0_5=100)),
    *latency("ApiLatencyCritical", requests(s0_5=95)),
    *_depth("QueueDepthWarning", 499, 500, 501),
    *_depth("QueueDepthCritical", 501, 2000, 2001),
    *_errors("ErrorRateWarning", 1),
    *_errors("ErrorRateCritical", 5),
    *_connections("DatabaseConnectionsWarning", 70),
    *_connections("DatabaseConnectionsCritical", 90),
    *_lag("WorkerLagWarning", 2, 30, 31),
    *_lag("WorkerLagCritical", 31, 120, 121),
    *Told(
        alert="MemoryNearLimit",
        well=dict.fromkeys(_MEMORY, 0.5),
        bad={_MEMORY[0]: 0.5, _MEMORY[1]: 0.91},
        at=dict.fromkeys(_MEMORY, 0.9),
    ).cases(),
)
"""All of them."""
