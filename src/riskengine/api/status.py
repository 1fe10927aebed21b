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


class LiveView(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["live"] = "live"


class ReadyView(msgspec.Struct, frozen=True):
    """Whether the process can do all its work, and the parts that keep it from that."""

    status: Literal["ready", "not ready"]
    failing: list[Literal["postgresql", "redis"]]


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
    """Asks PostgreSQL and Redis. Without Redis transactions are still accepted, but not decided."""
    failing: list[Literal["postgresql", "redis"]] = []
    try:
        await service.database.ping()
    except Unavailable:
        failing.append("postgresql")
    try:
        await service.queue.depth()
    except Unavailable:
        failing.append("redis")
    if failing:
        return Response(ReadyView("not ready", failing), status_code=503, headers={"retry-after": "1"})
    return Response(ReadyView("ready", failing))


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
