"""Made-up processes, and what they show."""

from collections.abc import Mapping

from riskengine.operations.exposition import parse
from riskengine.operations.scrapes import Look, Scrape
from riskengine.stack.standing import Kind

_TYPES = """
# TYPE riskengine_accepted_total counter
# TYPE riskengine_decided_total counter
# TYPE riskengine_http_requests_total counter
# TYPE riskengine_cpu_seconds_total counter
# TYPE riskengine_http_request_seconds histogram
"""


def text(values: Mapping[str, float]) -> str:
    """What a process shows whose series, named as in Prometheus's expressions, have these values."""
    return _TYPES + "".join(f"{series} {value!r}\n" for series, value in values.items())


def look(at_s: float, processes: Mapping[str, Mapping[str, float]], silent: Mapping[str, Kind] | None = None) -> Look:
    """A look at processes that show this."""
    scrapes = {name: Scrape(at_s, parse(text(values))) for name, values in processes.items()}
    return Look(at_s, scrapes, silent or {})
