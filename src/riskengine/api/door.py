"""The door: every request passes it, and leaves with a name, a measure and, whatever happens, an answer."""

import os
import re
from functools import cache
from time import perf_counter

import msgspec
import structlog
from prometheus_client import Counter, Gauge, Histogram

from riskengine.api import bodies, problems, routes
from riskengine.api.answers import App, Header, Message, Receive, Scope, Send
from riskengine.api.asked import Asked
from riskengine.api.bodies import ClientGone, Headers
from riskengine.api.routes import Route
from riskengine.api.service import Service
from riskengine.api.toll import Toll
from riskengine.domain.errors import Overloaded
from riskengine.telemetry import tracing
from riskengine.telemetry.span import NOTHING, Span

SLOW = 1.0
"""Seconds after which an answer is worth a line in the log."""

MOST_NOTABLE = 10
"""Lines about such answers in a second: under too much load most are slow, and the lines would only be more load."""

MOST_UNDER_WAY = 5_000
"""Requests of one process at a time. Each may hold a body; more of them would only wait for each other."""

_CLIENT_GONE = 499
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})

_requests = Counter("riskengine_http_requests_total", "Requests answered", ["route", "method", "status"])
_seconds = Histogram(
    "riskengine_http_request_seconds",
    "Seconds from a request's head to its answer",
    ["route", "method"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0),
)
_requests_of, _seconds_of = (
    cache(_requests.labels),
    cache(_seconds.labels),
)  # else that costs more than counting
_under_way = Gauge("riskengine_http_requests_under_way", "Requests that have no answer yet")
_log = structlog.get_logger()


class Exchange(msgspec.Struct):
    """One request and its answer, while they pass the door."""

    scope: Scope
    send_on: Send
    headers: Headers
    request_id: bytes
    route: str = "unmatched"
    status: int = _CLIENT_GONE
    refused: bool = False
    toll: Toll | None = None

    async def send(self, message: Message) -> None:
        """Sends on, with the request's name among the headers, and how its key stands."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            name: Header = (b"x-request-id", self.request_id)
            limits = () if self.toll is None else self.toll.headers
            message["headers"] = [*message.get("headers", ()), name, *limits]
        await self.send_on(message)


class Door:
    """The ASGI application. What has a route of its own is answered here; `inner` answers all else."""

    def __init__(self, inner: App) -> None:
        self._inner = inner
        self._service: Service | None = None
        self._under_way = 0
        self._notable_second = self._notable = 0
        _under_way.set_function(lambda: self._under_way)

    def open(self, service: Service) -> None:
        """From now on, requests are answered with these parts."""
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes one request, or the life of the process, to whom it concerns."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        headers = dict(scope["headers"])
        exchange = Exchange(scope, send, headers, _request_id(headers))
        structlog.contextvars.bind_contextvars(request_id=exchange.request_id.decode())
        started = perf_counter()
        self._under_way += 1
        with _traced(exchange) as step:
            try:
                await self._answer(exchange, receive)
            finally:
                self._under_way -= 1
                self._measure(exchange, started, perf_counter())
                if step.recorded:
                    _describe(step, exchange)

    async def _answer(self, exchange: Exchange, receive: Receive) -> None:
        try:
            if self._under_way > MOST_UNDER_WAY:
                raise Overloaded(f"{MOST_UNDER_WAY} requests are under way already; try again in a second", "under_way")
            await self._pass(exchange, receive)
        except ClientGone:
            return
        except Exception as error:
            if exchange.status != _CLIENT_GONE:  # the answer has begun: there is no other to give
                raise
            exchange.refused = problems.limit_reached(error) is not None
            await problems.answer(error).send(exchange.send)

    async def _pass(self, exchange: Exchange, receive: Receive) -> None:
        """Lets a request in if there is room: before its key is looked at, and before its body is read."""
        assert self._service is not None, "requests come after the start"
        route = routes.find(exchange.scope["method"], exchange.scope["path"])
        if route is not None:
            exchange.route = route.template
            if route.stores:
                self._service.room.check()
        largest = bodies.LARGEST if route is None else route.largest
        with self._service.bodies.reserved(bodies.announced(exchange.headers, largest)):
            await self._let_in(self._service, exchange, receive, route)

    async def _let_in(self, service: Service, exchange: Exchange, receive: Receive, route: Route | None) -> None:
        needed = routes.scope_needed(exchange.scope["method"], exchange.scope["path"])
        if needed is not None:
            exchange.scope["user"] = key = await service.access.check(exchange.headers, needed)
            exchange.toll = Toll(service.limiter, key)
            if route is None or not route.pays_itself:
                await exchange.toll.pay()
        if route is None:
            await self._inner(exchange.scope, receive, exchange.send)
            exchange.route = exchange.scope.get("path_template") or exchange.route
            return
        assert exchange.toll is not None, "all that is answered here needs a key"
        rest = routes.rest(exchange.scope["raw_path"], route.start)
        answer = await route.handler(service, Asked(exchange.headers, receive, rest, exchange.toll))
        await answer.send(exchange.send)

    def _measure(self, exchange: Exchange, started: float, ended: float) -> None:
        method, seconds = _method(exchange), ended - started
        _requests_of(exchange.route, method, exchange.status).inc()
        _seconds_of(exchange.route, method).observe(seconds)
        if exchange.refused or (seconds <= SLOW and exchange.status < 500):
            return
        if int(ended) != self._notable_second:
            self._notable_second, self._notable = int(ended), 0
        self._notable += 1
        if self._notable <= MOST_NOTABLE:
            ms = round(seconds * 1000)
            _log.warning("request_notable", route=exchange.route, method=method, status=exchange.status, ms=ms)


def _traced(exchange: Exchange) -> Span:
    """The step of the request, if it is traced. What asks after the process itself never is."""
    if not exchange.scope["path"].startswith(routes.API):
        return NOTHING
    return tracing.request(exchange.headers, exchange.request_id)


def _describe(step: Span, exchange: Exchange) -> None:
    """What became of it, by OpenTelemetry's names. No path: it may hold an account."""
    method = _method(exchange)
    step.rename(f"{method} {exchange.route}")
    step.set("http.request.method", method if method != "other" else "_OTHER")
    step.set("http.route", exchange.route)
    step.set("http.response.status_code", exchange.status)
    step.set("url.scheme", exchange.scope["scheme"])
    if exchange.status >= 500:
        step.failed(str(exchange.status))


def _request_id(headers: Headers) -> bytes:
    """The name the client gave the request, if it is a decent one, or a new one."""
    given = headers.get(b"x-request-id")
    return given if given is not None and _REQUEST_ID.fullmatch(given) else os.urandom(8).hex().encode()


def _method(exchange: Exchange) -> str:
    return exchange.scope["method"] if exchange.scope["method"] in _METHODS else "other"
