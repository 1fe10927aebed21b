"""The API as an ASGI application: the door, behind it Litestar, behind both the service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException, ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from riskengine import wiring
from riskengine.api import (
    documentation,
    letters,
    lists,
    problems,
    profiles,
    reading,
    releases,
    routes,
    service,
    status,
    workers,
    written,
)
from riskengine.api.analytics import Analytics
from riskengine.api.bodies import ClientGone
from riskengine.api.door import Door
from riskengine.api.errors import MethodNotAllowed
from riskengine.domain.errors import FieldError, InvalidInput, NotFound
from riskengine.domain.shape import WHOLE
from riskengine.settings import Settings


def create_app(settings: Settings | None = None) -> Door:
    """The application, with the settings of the environment unless others are given.

    Raises ConfigurationError at once; the parts are connected when the server starts the application.
    """
    chosen = Settings.load() if settings is None else settings

    @asynccontextmanager
    async def life(app: Litestar) -> AsyncIterator[None]:
        async with service.running(chosen) as running, wiring.measured(chosen, "api"):
            app.state.service = running
            door.open(running)
            yield

    inner = Litestar(
        route_handlers=[
            Router(
                routes.API,
                route_handlers=[*_READ, *_WRITTEN, *releases.HANDLERS, *lists.HANDLERS, letters.Letters, Analytics],
            ),
            *_ABOUT,
        ],
        lifespan=[life],
        dependencies={"service": Provide(_service, sync_to_thread=False)},
        exception_handlers={Exception: _problem},
        openapi_config=_openapi(),
        logging_config=None,
    )
    door = Door(inner)
    return door


_READ = (
    reading.page,
    reading.transaction,
    reading.decision,
    reading.account,
    profiles.profile,
    workers.workers,
)
_WRITTEN = (written.submit, written.submit_batch, written.decide, written.describe_account)
_ABOUT = (status.live, status.ready, status.metrics, documentation.root, documentation.page, documentation.asset)


def _service(state: State) -> service.Service:
    found: service.Service = state.service
    return found


def _openapi() -> OpenAPIConfig:
    bearer = SecurityScheme(type="http", scheme="bearer", description="An API key, `rk_...`")
    return OpenAPIConfig(
        title="riskengine",
        version=metadata.version("riskengine"),
        description="Decides in milliseconds whether a payment is approved, reviewed or declined.",
        use_handler_docstrings=True,
        components=Components(security_schemes={"api key": bearer}),
        security=[{"api key": []}],
        openapi_router=Router(routes.OPENAPI, route_handlers=[], include_in_schema=False, after_request=_no_page),
        render_plugins=[JsonRenderPlugin(path="/")],
    )


def _no_page(response: Response[Any]) -> Response[Any]:
    """Litestar answers what it does not find beside the document with a page of its own."""
    return _problem(None, NotFoundException()) if response.status_code == 404 else response


def _problem(_: Request[Any, Any, Any] | None, error: Exception) -> Response[bytes]:
    if isinstance(error, ClientGone):
        raise error  # to the door, which knows that nobody waits for an answer
    answer = problems.answer(_translated(error))
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    media_type = answer.content_type.decode()
    return Response(answer.body, status_code=answer.status, media_type=media_type, headers=headers)


def _translated(error: Exception) -> Exception:
    """What Litestar says of a request, in our words."""
    match error:
        case NotFoundException():
            return NotFound("there is nothing under this path; /docs shows what there is")
        case MethodNotAllowedException():
            return MethodNotAllowed((error.headers or {}).get("allow", ""))
        case ValidationException(extra=list(faults)):
            names = [fault.get("key", WHOLE) for fault in faults]
            return InvalidInput(tuple(map(reading.wrong, names)))
        case HTTPException(status_code=400):
            return InvalidInput((FieldError("query", "cannot be read; correct the parameters"),))
        case _:
            return error
