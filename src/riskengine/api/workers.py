"""The workers and their queue, over HTTP."""

from litestar import get
from litestar.di import NamedDependency

from riskengine.api import examples
from riskengine.api.described import Described, shows
from riskengine.api.service import Service
from riskengine.api.worker_views import WorkersView
from riskengine.domain import clock
from riskengine.pipeline import fleet


@get(
    "/workers",
    summary="The living workers, and the queue",
    operation_class=Described,
    responses=shows(200, WorkersView, examples.WORKERS, "The workers and the queue"),
)
async def workers(service: NamedDependency[Service]) -> WorkersView:
    """Who decides, how fast, what each has in hand, and how far behind all are."""
    return WorkersView.of(await fleet.look(service.database, service.queue), clock.now_ms())
