"""Signals read from processes, and from Prometheus, which says the same of the same processes."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from riskengine.operations import scrapes
from riskengine.operations.errors import ReadError
from riskengine.operations.signals import DEFINITIONS, Signal
from riskengine.operations.sources import PrometheusSource, StackSource
from riskengine.stack import ports
from riskengine.stack.errors import StackError
from riskengine.stack.lock import DirectoryLock
from riskengine.stack.standing import Counts, Instance, Kind, Standing, State
from tests import prometheus
from tests.operations.shown import look, text
from tests.operations.web import Web, serving
from tests.stack.waiting import until

ACCEPTED = 'riskengine_accepted_total{by="single"}'
API_CPU = 'riskengine_cpu_seconds_total{role="api"}'


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Where a stack seems to run."""
    lock = DirectoryLock(tmp_path)
    lock.acquire()
    yield tmp_path
    lock.release()


@pytest.fixture
def webs() -> Iterator[tuple[Web, Web]]:
    """What seem to be an API process and a worker."""
    with serving() as api, serving() as worker:
        api.body = text({ACCEPTED: 100.0, API_CPU: 1.0})
        worker.body = text({"riskengine_queue_depth": 7.0})
        yield api, worker


def _stand(directory: Path, webs: tuple[Web, Web], worker: State = State.RUNNING, pid: int = 11) -> None:
    api = Instance("api-1", Kind.API, pid, webs[0].port, State.RUNNING)
    one = Instance("worker-1", Kind.WORKER, 12, webs[1].port, worker)
    Standing(1, 0, Counts(1, 1), None, (api, one)).write(directory)


async def test_processes_of_a_stack_are_looked_at_one_after_the_other(directory: Path, webs: tuple[Web, Web]) -> None:
    # Given two processes
    _stand(directory, webs)
    source = StackSource(directory)
    # When they are looked at twice, then gauges are known at once, and rates then
    assert (await source.read()).signals == {Signal.QUEUE_DEPTH: 7.0}
    webs[0].body = text({ACCEPTED: 200.0, API_CPU: 2.0})
    second = await source.read()
    assert second.signals[Signal.ACCEPTED_RATE] > 0 < second.signals[Signal.API_CPU]
    assert webs[0].asked == webs[1].asked == ["/metrics"] * 2
    # When a process takes the place of another, it counts from zero
    webs[0].body = text({ACCEPTED: 50.0, API_CPU: 2.0})
    _stand(directory, webs, pid=13)
    assert Signal.ACCEPTED_RATE in (await source.read()).signals
    assert [list(one.scrapes) for one in source.looks] == [["api-1/11", "worker-1/12"]] * 2 + [
        ["api-1/13", "worker-1/12"]
    ]


async def test_looks_older_than_the_window_count_no_more(directory: Path, webs: tuple[Web, Web]) -> None:
    _stand(directory, webs)
    source = StackSource(directory, window_s=0.0)
    for _ in range(4):
        assert len(source.looks) <= 2
        found = await source.read()
    assert Signal.ACCEPTED_RATE in found.signals


async def test_a_process_that_does_not_answer_is_named_and_makes_figures_unknown(
    directory: Path, webs: tuple[Web, Web]
) -> None:
    _stand(directory, webs)
    source = StackSource(directory)
    await source.read()
    webs[1].status = 500
    found = await source.read()
    assert found.away == ("worker-1",)
    assert set(found.signals) == {Signal.ACCEPTED_RATE, Signal.API_CPU}  # decided is what workers would tell
    # One that died is named as well, and nothing waits for it
    _stand(directory, webs, State.DOWN)
    found = await source.read()
    assert found.away == ("worker-1",)
    assert Signal.DECIDED_RATE in found.signals
    assert len(webs[1].asked) == 2
    # One that leaves may have left already: it is named, and nothing is unknown for it
    _stand(directory, webs, State.LEAVING)
    found = await source.read()
    assert found.away == ("worker-1",)
    assert Signal.DECIDED_RATE in found.signals
    # Nor is anything asked of one that has not come yet
    _stand(directory, webs, State.STARTING)
    assert (await source.read()).away == ()
    # And if none answers, that is no figure, but an error
    webs[0].body = "<html>"
    with pytest.raises(ReadError, match=r"none of the 1 processes in .* shows its metrics"):
        await source.read()


async def test_a_place_without_a_stack_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=f"no stack runs in {tmp_path}"):
        await StackSource(tmp_path).read()


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (503, "shutting down", "answers 503: shutting down"),
        (200, "<html>", "is no Prometheus .*: name the address of its web page"),
        (200, '{"data": {"result": []}}', "has no metrics of riskengine: let it scrape all processes"),
    ],
)
async def test_a_prometheus_that_tells_nothing_is_named(status: int, body: str, told: str) -> None:
    with serving() as web:
        web.status, web.body = status, body
        with pytest.raises(ReadError, match=f"127.0.0.1:{web.port}.* {told}"):
            await PrometheusSource(f"http://127.0.0.1:{web.port}/").read()


async def test_a_prometheus_that_is_not_there_is_named() -> None:
    with pytest.raises(ReadError, match=r"127.0.0.1:1/api/v1/query does not answer: .*refused"):
        await PrometheusSource("http://127.0.0.1:1").read()
    with pytest.raises(ReadError, match="does not answer: unknown url type"):
        await PrometheusSource("nonsense").read()


async def test_figures_that_are_missing_or_no_numbers_are_unknown() -> None:
    with serving() as web:
        web.body = '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1.5,"NaN"]}]}}'
        with pytest.raises(ReadError, match="has no metrics"):
            await PrometheusSource(f"http://127.0.0.1:{web.port}").read()
        web.body = web.body.replace("NaN", "2.5")
        assert (await PrometheusSource(f"http://127.0.0.1:{web.port}").read()).signals == dict.fromkeys(Signal, 2.5)


RATES = {
    "api-1": {ACCEPTED: 12.0, 'riskengine_accepted_total{by="batch"}': 100.0, API_CPU: 0.25}
    | {
        f'riskengine_http_requests_total{{route="/t",status="{status}"}}': rate
        for status, rate in ((201, 9.0), (503, 1))
    }
    | {
        f'riskengine_http_request_seconds_bucket{{le="{bound}",route="{route}"}}': rate
        for route, factor in (("/t", 1.0), ("/metrics", 5.0))
        for bound, rate in (("0.01", 2.0 * factor), ("0.1", 8.0 * factor), ("1.0", 9.5 * factor), ("+Inf", 10 * factor))
    },
    "api-2": {ACCEPTED: 3.0, API_CPU: 0.75}
    | {f'riskengine_http_requests_total{{route="/t",status="{status}"}}': 2.0 for status in (201, 404)}
    | {'riskengine_http_requests_total{route="/health/ready",status="503"}': 7.0}
    | {
        f'riskengine_http_request_seconds_bucket{{le="{bound}",route="/t"}}': rate
        for bound, rate in (("0.01", 3.0), ("0.1", 3.5), ("1.0", 4.0), ("+Inf", 4.0))
    },
    "worker-1": {
        'riskengine_decided_total{outcome="approve"}': 80.0,
        'riskengine_cpu_seconds_total{role="worker"}': 0.5,
    },
    "worker-2": {'riskengine_decided_total{outcome="review"}': 4.0, 'riskengine_cpu_seconds_total{role="worker"}': 0.6},
}
"""By how much each counter of each process grows a second."""

GAUGES = {
    "api-1": {"riskengine_http_requests_under_way": 4.0, 'riskengine_memory_ratio{role="api"}': 0.5},
    "api-2": {"riskengine_http_requests_under_way": 9.0, 'riskengine_memory_ratio{role="api"}': 0.25},
    "worker-1": {"riskengine_queue_depth": 1832.0, "riskengine_queue_lag_seconds": 2.5}
    | {"riskengine_postgresql_connections": 30.0, "riskengine_postgresql_connections_most": 120.0}
    | {'riskengine_breaker_state{part="model"}': 2.0, 'riskengine_breaker_state{part="redis"}': 1.0},
    "worker-2": {"riskengine_queue_depth": 1830.0, "riskengine_queue_lag_seconds": 2.75}
    | {"riskengine_postgresql_connections": 31.0, "riskengine_postgresql_connections_most": 120.0}
    | {'riskengine_memory_ratio{role="worker"}': 0.75, 'riskengine_breaker_state{part="postgresql"}': 0.0},
}


@pytest.fixture
def prometheus_url(tmp_path: Path) -> Iterator[str]:
    """A real Prometheus that has scraped these processes every 15 s for ten minutes, and for as long hence."""
    programs = prometheus.programs()
    (tmp_path / "past.txt").write_text(_history(int(time.time())))
    filling = [str(programs.promtool), "tsdb", "create-blocks-from", "openmetrics", "past.txt", "data"]
    subprocess.run(filling, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "prometheus.yml").write_text("global: {}\n")
    port = ports.free()
    options = [f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.path=data", "--config.file=prometheus.yml"]
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen([programs.prometheus, *options], cwd=tmp_path, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: ports.listening(port) and httpx.get(f"{url}/-/ready").status_code == 200, "Prometheus is ready")
        yield url
    finally:
        running.terminate()
        running.wait(20)


def _history(now: int) -> str:
    """All series of these processes, as OpenMetrics."""
    lines: list[str] = []
    for process, rates in RATES.items():
        for series, value in (rates | GAUGES[process]).items():
            name, _, labels = series.removesuffix("}").partition("{")
            told = ",".join(filter(None, [f'instance="{process}"', labels]))
            for at_s in range(now - 600, now + 600, 15):
                reached = value * (at_s - now + 100_000) if series in rates else value
                lines.append(f"{name}{{{told}}} {reached!r} {at_s}")
    return "\n".join([*lines, "# EOF\n"])


async def test_prometheus_says_the_same_of_the_same_processes(prometheus_url: str) -> None:
    # Given processes that do the same all the time, and two looks at them
    def shown(at_s: float) -> dict[str, dict[str, float]]:
        counted = {name: {series: rate * at_s for series, rate in rates.items()} for name, rates in RATES.items()}
        return {name: counted[name] | GAUGES[name] for name in counted}

    computed = scrapes.signals([look(at_s, shown(at_s)) for at_s in (1000.0, 1060.0)])
    # When a Prometheus that scraped them is asked
    asked = await PrometheusSource(prometheus_url).read()
    # Then both know all signals, and tell the same
    assert set(computed) == set(DEFINITIONS)
    assert asked.signals == pytest.approx(computed, rel=1e-6)
