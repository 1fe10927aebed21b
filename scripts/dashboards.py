"""Writes the dashboards for Grafana into the package, and docs/dashboards.md: `python scripts/dashboards.py`."""

from collections.abc import Iterator
from pathlib import Path

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as styles
from grafana_foundation_sdk.models import dashboard as models

from riskengine.operations.alert import Severity
from riskengine.operations.alerts import BY_NAME
from riskengine.operations.dashboards.all import DASHBOARDS, file_name
from riskengine.operations.dashboards.panel import Dashboard, Panel, Section, Shown

ROOT = Path(__file__).parents[1]
FILES = ROOT / "src" / "riskengine" / "operations" / "dashboards" / "grafana"

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""Whichever Prometheus is chosen at the top of the dashboard."""

WIDTHS = {Shown.FIGURE: 4, Shown.LINES: 8, Shown.SHARES: 8}
HEIGHTS = {Shown.FIGURE: 4, Shown.LINES: 8, Shown.SHARES: 8}
"""Of 24 columns, and in rows of 30 pixels."""

COLOURS = {Severity.CRITICAL: "red", Severity.WARNING: "orange", Severity.SCALING: "blue"}
WELL = "green"

LEAST = 1e-9
"""Where a threshold of 0 is drawn: Grafana colours what is at a threshold, alerts are about what is above."""

_TOP = """\
# Dashboards

Four dashboards for Grafana come with the engine:

```sh
riskengine alerts dashboards --output grafana
```

```text
4 dashboards are in grafana: import them in Grafana, or have it provision that directory.
```

In Grafana: *Dashboards*, *New*, *Import*, one file after the other; or name the directory in a
[provider](https://grafana.com/docs/grafana/latest/administration/provisioning/#dashboards). Which Prometheus they
ask is chosen at the top of each. Coloured lines are the thresholds of [alerts](alerts.md): orange of warnings, red of
critical ones, blue of scaling. This page and the files are made from `riskengine/operations/dashboards`, by
`scripts/dashboards.py`.
"""


def rendered(shown: Dashboard) -> str:
    """A dashboard as Grafana imports it."""
    made = (
        dashboard.Dashboard(shown.title)
        .uid(f"riskengine-{shown.name}")
        .description(shown.meaning)
        .tags(["riskengine"])
        .readonly()
        .refresh("15s")
        .time("now-3h", "now")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    number = 0
    for section in shown.sections:
        made = made.with_row(dashboard.Row(section.title))
        for panel in section.panels:
            number += 1
            made = made.with_panel(_drawn(panel).id(number))
    return JSONEncoder(sort_keys=True, indent=1).encode(made.build()) + "\n"


def page() -> str:
    """docs/dashboards.md."""
    return "\n".join([_TOP, *(_described(shown) for shown in DASHBOARDS)])


def files() -> dict[Path, str]:
    """All that is generated, by where it belongs."""
    return {FILES / file_name(shown): rendered(shown) for shown in DASHBOARDS} | {ROOT / "docs/dashboards.md": page()}


def _drawn(panel: Panel) -> stat.Panel | timeseries.Panel:
    made = _figure() if panel.shown is Shown.FIGURE else _lines(panel)
    made = (
        made.title(panel.title)
        .description(panel.meaning)
        .datasource(SOURCE)
        .unit(panel.unit)
        .span(WIDTHS[panel.shown])
        .height(HEIGHTS[panel.shown])
        .thresholds(_thresholds(panel))
    )
    for letter, query in zip("ABCDEFG", panel.queries, strict=False):
        made = made.with_target(
            prometheus.Dataquery()
            .expr(query.promql)
            .legend_format(query.legend)
            .ref_id(letter)
            .datasource(SOURCE)
            .range()
        )
    return made


def _figure() -> stat.Panel:
    last = common.ReduceDataOptions().calcs(["lastNotNull"])
    return (
        stat.Panel()
        .reduce_options(last)
        .graph_mode(styles.BigValueGraphMode.AREA)
        .text_mode(styles.BigValueTextMode.VALUE)
    )


def _lines(panel: Panel) -> timeseries.Panel:
    legend = common.VizLegendOptions().show_legend(True).placement(styles.LegendPlacement.BOTTOM)
    made = timeseries.Panel().line_width(1).show_points(styles.VisibilityMode.NEVER).legend(legend)
    if panel.shown is Shown.SHARES:
        made = made.fill_opacity(50).stacking(common.StackingConfig().mode(styles.StackingMode.PERCENT))
    if panel.alerts:
        made = made.thresholds_style(common.GraphThresholdsStyleConfig().mode(styles.GraphTresholdsStyleMode.DASHED))
    return made


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    """From which value on it is which colour: by the thresholds of the alerts, or the panel's own."""
    bad = COLOURS[Severity.CRITICAL]
    marks = [(None, WELL)]
    if panel.well_from is not None:
        marks = [(None, bad), (panel.well_from, WELL)]
    if panel.bad_from is not None:
        marks.append((panel.bad_from, bad))
    for alert in sorted((BY_NAME[name] for name in panel.alerts), key=lambda one: one.rule.threshold):
        colour, value = COLOURS[alert.severity], alert.rule.threshold or LEAST
        marks = [(None, colour), (value, WELL)] if alert.rule.below else [*marks, (value, colour)]
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=value, color=colour) for value, colour in marks])
    )


def _described(shown: Dashboard) -> str:
    rows = [row for section in shown.sections for row in _rows(section)]
    head = [f"## {shown.title.partition(': ')[2].capitalize()}", "", shown.meaning, ""]
    return "\n".join([*head, "| panel | meaning | alerts |", "| --- | --- | --- |", *rows, ""])


def _rows(section: Section) -> Iterator[str]:
    for panel in section.panels:
        alerts = ", ".join(f"[{name}](alerts/{name}.md)" for name in panel.alerts)
        yield f"| {section.title}: {panel.title} | {panel.meaning} | {alerts} |"


def main() -> None:
    for path, text in files().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
