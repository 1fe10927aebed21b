"""All dashboards, and the files that Grafana imports."""

from importlib import resources

from riskengine.operations.dashboards.decisions import DECISIONS
from riskengine.operations.dashboards.overview import OVERVIEW
from riskengine.operations.dashboards.panel import Dashboard
from riskengine.operations.dashboards.pipeline import PIPELINE
from riskengine.operations.dashboards.resources import RESOURCES

DASHBOARDS: tuple[Dashboard, ...] = (OVERVIEW, PIPELINE, DECISIONS, RESOURCES)
"""In the order in which one looks."""


def file_name(dashboard: Dashboard) -> str:
    """The name of a dashboard's file."""
    return f"riskengine-{dashboard.name}.json"


def for_grafana(dashboard: Dashboard) -> str:
    """The file that Grafana imports, as it comes with the package."""
    return (resources.files(__package__) / "grafana" / file_name(dashboard)).read_text()
