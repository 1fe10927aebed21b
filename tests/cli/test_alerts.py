"""`riskengine alerts`: files for Prometheus and Grafana, for operators who have the package alone."""

import json
from pathlib import Path

import yaml
from typer.testing import CliRunner

from riskengine.cli.alerts import app
from riskengine.domain.errors import ConfigurationError
from riskengine.operations.alerts import ALERTS
from riskengine.operations.dashboards.all import DASHBOARDS
from riskengine.operations.scaling_rules import RULES

RUN = CliRunner()


def test_the_rules_are_printed_with_links_to_their_pages() -> None:
    # When they are asked for
    printed = RUN.invoke(app, ["rules", "--runbooks", "https://example.com/alerts/"])
    # Then all are there, each with its page
    assert printed.exit_code == 0
    rules = {rule["alert"]: rule for group in yaml.safe_load(printed.stdout)["groups"] for rule in group["rules"]}
    assert set(rules) == {alert.name for alert in ALERTS}
    assert {rule["annotations"]["runbook_url"] for rule in rules.values()} == {
        f"https://example.com/alerts/{name}.md" for name in rules
    }
    # And those of scaling are the autoscaler's, with what it is to do
    assert {name: rules[name]["expr"] for name in (rule.name for rule in RULES)} == {
        rule.name: rule.when.promql for rule in RULES
    }
    assert rules["HighQueueDepth"]["labels"] == {"severity": "scaling", "action": "scale_worker_up"}
    assert rules["LowApiCpu"]["labels"]["action"] == "scale_api_down"


def test_files_are_written_where_they_are_wanted(tmp_path: Path) -> None:
    # When rules and dashboards are written to directories that are not there yet
    rules = RUN.invoke(app, ["rules", "--output", str(tmp_path / "rules" / "riskengine.yml")])
    dashboards = RUN.invoke(app, ["dashboards", "--output", str(tmp_path / "grafana")])
    # Then they are there, without links to nowhere
    assert (rules.exit_code, dashboards.exit_code) == (0, 0)
    assert "runbook_url" not in (tmp_path / "rules" / "riskengine.yml").read_text()
    titles = [json.loads(path.read_text())["title"] for path in (tmp_path / "grafana").iterdir()]
    assert sorted(titles) == sorted(dashboard.title for dashboard in DASHBOARDS)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    refused = RUN.invoke(app, ["dashboards", "--output", str(tmp_path / "file")])

    assert isinstance(refused.exception, ConfigurationError)
    assert "name another place" in str(refused.exception)


def test_the_list_has_every_alert() -> None:
    shown = RUN.invoke(app, ["list"], env={"COLUMNS": "200"})

    assert [alert.name for alert in ALERTS if f"{alert.name} " not in shown.stdout] == []
