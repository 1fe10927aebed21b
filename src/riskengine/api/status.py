"""How the process is: alive, ready, and in numbers."""

from typing import Literal

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from riskengine.api import examples, routes
from riskengine.api.described import NO_KEY, answers
from riskengine.api.service import Service
from riskengine.domain.errors import Unavailable
from riskengine.resilience.breaker import State


class LiveView(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["live"] = "live"


class ReadyView(msgspec.Struct, frozen=True):
    """Whether the process can do all its work, and the parts that keep it from that.

    `breakers` says of each part whether it is left alone after failures (`open`), or tried again (`half-open`); `model`
    is there if one runs, and keeps nothing from being decided.
    """

    status: Literal["ready", "not ready"]
    failing: list[Literal["postgresql", "redis"]]
    breakers: dict[str, State]


@get(
    routes.HEALTH[0],
    summary="Is the process alive?",
    security=NO_KEY,
    responses=answers(200, LiveView, examples.LIVE, "Alive"),
)
async def live() -> LiveView:
    """Always 200 while the process runs: if it does not come, start the process again."""
    return LiveView()


@get(
    routes.HEALTH[1],
    summary="Can it do all its work?",
    security=NO_KEY,
    responses=answers(200, ReadyView, examples.READY, "Ready")
    | answers(503, ReadyView, examples.NOT_READY, "Not ready: a part does not answer"),
)
async def ready(service: NamedDependency[Service]) -> Response[ReadyView]:
    """Asks PostgreSQL and Redis, or hears from their breakers that they are left alone.

    Without Redis transactions are still accepted, but not decided.
    """
    failing: list[Literal["postgresql", "redis"]] = []
    try:
        await service.database.ping()
    except Unavailable:
        failing.append("postgresql")
    try:
        await service.queue.depth()
    except Unavailable:
        failing.append("redis")
    breakers = _states(service)
    if failing:
        return Response(ReadyView("not ready", failing, breakers), status_code=503, headers={"retry-after": "1"})
    return Response(ReadyView("ready", failing, breakers))


def _states(service: Service) -> dict[str, State]:
    breakers = service.breakers
    states = {"postgresql": breakers.postgresql.state, "redis": breakers.redis.state}
    return states if service.engines.engine.model is None else states | {"model": breakers.model.state}


@get(
    routes.METRICS,
    summary="Metrics",
    media_type=CONTENT_TYPE_LATEST,
    security=NO_KEY,
    responses=answers(200, str, examples.METRICS, "In the text format of Prometheus", media_type="text/plain"),
)
async def metrics() -> Response[bytes]:
    """Of this process, for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
