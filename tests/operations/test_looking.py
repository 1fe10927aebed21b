"""Looking at processes by their addresses, or through Prometheus; and a board when nothing is to be seen."""

from collections.abc import Iterator

import msgspec
import pytest

from riskengine.operations import frame
from riskengine.operations.board import Board
from riskengine.operations.errors import ReadError
from riskengine.operations.looking import PrometheusLooker, UrlLooker
from riskengine.stack import ports
from riskengine.stack.standing import Kind
from tests.operations.shown import text
from tests.operations.web import Web, serving

ACCEPTED = 'riskengine_accepted_total{by="single"}'
MEMORY = 'riskengine_memory_bytes{role="api"}'
DECIDED = 'riskengine_decided_total{outcome="approve"}'


@pytest.fixture
def web() -> Iterator[Web]:
    """What seems to be an API process, that can also decide."""
    with serving() as one:
        one.body = text({ACCEPTED: 5.0, DECIDED: 5.0, MEMORY: 1e6, "process_start_time_seconds": 11.0})
        yield one


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}/metrics"


async def test_addresses_are_looked_at_and_those_that_are_away_are_named(web: Web) -> None:
    gone = ports.free()
    looker = UrlLooker([url(web.port), url(gone)])
    await looker.look()
    web.body = text({ACCEPTED: 9.0, DECIDED: 5.0, MEMORY: 1e6, "process_start_time_seconds": 11.0})
    seen = await looker.look()
    shown = frame.of(seen.looks, looker.recent_s)
    window_s = seen.looks[-1].at_s - seen.looks[0].at_s
    assert shown.accepted == pytest.approx(4 / window_s)
    assert [(one.name, one.role) for one in shown.processes] == [(f"127.0.0.1:{web.port}", Kind.API)]
    assert seen.away == [f"127.0.0.1:{gone}"]


async def test_a_process_that_was_started_anew_counts_from_nothing(web: Web) -> None:
    looker = UrlLooker([url(web.port)])
    await looker.look()
    web.body = text({ACCEPTED: 7.0, DECIDED: 5.0, MEMORY: 1e6, "process_start_time_seconds": 12.0})
    seen = await looker.look()
    window_s = seen.looks[-1].at_s - seen.looks[0].at_s
    assert frame.of(seen.looks, looker.recent_s).accepted == pytest.approx(7 / window_s)


async def test_prometheus_is_asked_for_the_last_scrapes(web: Web) -> None:
    def row(value: str, **labels: str) -> dict[str, object]:
        return {"metric": labels, "value": [0, value]}

    def answered(accepted: str) -> None:
        of_api = {"job": "riskengine", "instance": "api:8000"}
        rows = [
            row(accepted, __name__="riskengine_accepted_total", by="single", **of_api),
            row("2000000", __name__="riskengine_memory_bytes", role="api", **of_api),
            row("3", __name__="riskengine_queue_depth", job="riskengine", instance="worker:8001"),
        ]
        web.body = msgspec.json.encode({"data": {"result": rows}}).decode()

    looker = PrometheusLooker(f"http://127.0.0.1:{web.port}/")
    answered("10")
    await looker.look()
    answered("22")
    seen = await looker.look()
    shown = frame.of(seen.looks, looker.recent_s)
    assert shown.accepted == pytest.approx(12 / (seen.looks[-1].at_s - seen.looks[0].at_s))
    assert [(one.name, one.role, one.memory) for one in shown.processes] == [
        ("api:8000", Kind.API, 2e6),
        ("worker:8001", None, None),
    ]


@pytest.mark.parametrize(
    ("body", "says"), [("<html>", "is no Prometheus"), ('{"data": {"result": []}}', "has no metrics of riskengine")]
)
async def test_what_is_no_prometheus_of_ours_is_said(web: Web, body: str, says: str) -> None:
    web.body = body
    with pytest.raises(ReadError, match=says):
        await PrometheusLooker(f"http://127.0.0.1:{web.port}").look()


async def test_a_board_says_what_is_away_shows_the_last_and_goes_on(web: Web) -> None:
    board = Board(UrlLooker([url(web.port)]))
    assert (await board.look()).fault is None
    web.status = 500
    away = await board.look()
    assert away.fault is not None
    assert "answers 500" in away.fault
    assert away.frame is not None
    web.status = 200
    back = await board.look()
    assert (back.fault, len(back.accepted)) == (None, 1)
