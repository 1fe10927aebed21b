"""Cases of alerts that ask for more or fewer processes."""

from tests.operations.cases import BEFORE_S, Case, Kind, Told
from tests.operations.flow_cases import DEPTH
from tests.operations.limit_cases import latency, requests
from tests.operations.series import Phase


def _gauge(alert: str, name: str, well: float, at: float, bad: float) -> list[Case]:
    return [*Told(alert=alert, well={name: well}, bad={name: bad}, at={name: at}).cases()]


def _cpu(alert: str, role: str) -> list[Case]:
    busy, idle = (f'riskengine_cpu_seconds_total{{instance="{one}",role="{role}"}}' for one in ("busy", "idle"))
    told = Told(
        alert=alert,
        well={busy: 0.5, idle: 0.5},
        bad={busy: 1.0, idle: 1.0},
        at={busy: 1.0, idle: 0.4},
        late_s=30,
        short_s=-15,
    )
    return [*told.cases()]


_API_CPU = 'riskengine_cpu_seconds_total{instance="a",role="api"}'

CASES: tuple[Case, ...] = (
    *_gauge("HighQueueDepth", DEPTH, 10, 1000, 1001),
    *_gauge("HighQueueLag", 'riskengine_queue_lag_seconds{instance="w"}', 1, 30, 31),
    *_cpu("HighWorkerCpu", "worker"),
    *_gauge("LowQueueDepth", DEPTH, 11, 10, 9),
    Case(
        alert="LowQueueDepth",
        kind=Kind.TRAP,
        given="no worker tells how deep it is",
        phases=(Phase(BEFORE_S, {DEPTH: 11}), Phase(4 * BEFORE_S, {})),
    ),
    *latency("HighApiLatency", requests(s0_3=95, s0_5=100)),
    *_cpu("HighApiCpu", "api"),
    *_gauge("HighApiMemory", 'riskengine_memory_ratio{instance="a",role="api"}', 0.5, 0.8, 0.81),
    *_gauge("HighApiRequests", 'riskengine_http_requests_under_way{instance="a"}', 3, 100, 101),
    *Told(
        alert="LowApiCpu",
        well={_API_CPU: 0.3},
        bad={_API_CPU: 0},
        at={_API_CPU: 0.25},
        late_s=15,
        short_s=-45,
    ).cases(),
    Case(
        alert="LowApiCpu",
        kind=Kind.TRAP,
        given="no API process is scraped",
        phases=(Phase(BEFORE_S, {_API_CPU: 0.3}), Phase(4 * BEFORE_S, {})),
    ),
)
"""All of them."""
