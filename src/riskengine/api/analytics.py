"""What was decided, by day, over HTTP."""

from datetime import date, timedelta
from typing import Annotated, Any

from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from riskengine.api import analytics_described as described
from riskengine.api import reading
from riskengine.api.analytics_views import DistributionView, SummaryView, TopRulesView, VolumeView
from riskengine.api.described import Described, shows
from riskengine.api.service import Service
from riskengine.domain import clock
from riskengine.domain.errors import FieldError, InvalidInput
from riskengine.insight.summaries import MOST_RULES, Step

DEFAULT_DAYS = 30
"""Days until `to` that a question spans which does not say from when."""

_EARLIEST = date(1970, 1, 1)
_STEPS: tuple[Step, ...] = ("hour", "day")

Since = Annotated[
    str | None, QueryParameter(name="from", description="the first day in UTC, such as 2026-01-31; 29 before `to`")
]
Until = Annotated[str | None, QueryParameter(name="to", description="the last day in UTC; today")]
AnyRequest = Request[Any, Any, Any]


class Analytics(Controller):
    """Decisions by day and hour of acceptance, in UTC."""

    path = "/analytics"
    tags = ("analytics",)

    @get(
        "/summary",
        summary="A day beside the one before",
        operation_class=Described,
        responses=shows(200, SummaryView, described.SUMMARY, "Both days", InvalidInput),
    )
    async def summary(
        self,
        request: AnyRequest,
        service: NamedDependency[Service],
        day: Annotated[
            str | None, QueryParameter(name="date", description="the day in UTC, such as 2026-01-31; today")
        ] = None,
    ) -> SummaryView:
        """Counts by outcome and level, sums by currency, the approval rate and the mean score."""
        reading.refuse_unknown(request.query_params.keys(), ("date",))
        return SummaryView.of(await service.summaries.summary(_day("date", day) or _today()))

    @get(
        "/distribution",
        summary="Decisions by score",
        operation_class=Described,
        responses=shows(200, DistributionView, described.DISTRIBUTION, "The histogram", InvalidInput),
    )
    async def distribution(
        self, request: AnyRequest, service: NamedDependency[Service], since: Since = None, until: Until = None
    ) -> DistributionView:
        """A histogram of scores, and how many decisions there are of each level and outcome."""
        reading.refuse_unknown(request.query_params.keys(), ("from", "to"))
        first, last = _span(since, until)
        return DistributionView.of(await service.summaries.distribution(first, last))

    @get(
        "/volume",
        summary="Decisions over time",
        operation_class=Described,
        responses=shows(200, VolumeView, described.VOLUME, "The points", InvalidInput),
    )
    async def volume(
        self,
        request: AnyRequest,
        service: NamedDependency[Service],
        since: Since = None,
        until: Until = None,
        by: Annotated[str, QueryParameter(description="hour or day")] = "day",
    ) -> VolumeView:
        """How many decisions, and the sum of their amounts, by hour or day and by currency."""
        reading.refuse_unknown(request.query_params.keys(), ("from", "to", "by"))
        first, last = _span(since, until)
        step = next((each for each in _STEPS if each == by), None)
        if step is None:
            raise InvalidInput((FieldError("by", f"must be one of {', '.join(_STEPS)}"),))
        return VolumeView.of(await service.summaries.volume(first, last, step))

    @get(
        "/rules/top",
        summary="The rules that fire most",
        operation_class=Described,
        responses=shows(200, TopRulesView, described.TOP_RULES, "The rules", InvalidInput),
    )
    async def top_rules(
        self,
        request: AnyRequest,
        service: NamedDependency[Service],
        since: Since = None,
        until: Until = None,
        limit: Annotated[int, QueryParameter(ge=1, le=MOST_RULES, description="at most so many")] = 20,
    ) -> TopRulesView:
        """How often each fired, by what became of those transactions, and in which share of all."""
        reading.refuse_unknown(request.query_params.keys(), ("from", "to", "limit"))
        first, last = _span(since, until)
        return TopRulesView.of(await service.summaries.top_rules(first, last, limit))


def _span(since: str | None, until: str | None) -> tuple[date, date]:
    """The first and the last day asked for. Raises InvalidInput."""
    last = _day("to", until) or _today()
    return _day("from", since) or max(_EARLIEST, last - timedelta(days=DEFAULT_DAYS - 1)), last


def _day(name: str, text: str | None) -> date | None:
    """The day that a parameter names. Raises InvalidInput."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day < _EARLIEST or day.isoformat() != text:
        raise InvalidInput((FieldError(name, "must be a day from 1970 on, such as 2026-01-31"),))
    return day


def _today() -> date:
    return clock.to_datetime(clock.now_ms()).date()
