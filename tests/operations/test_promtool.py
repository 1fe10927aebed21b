"""Prometheus itself says that the rules are rules, and on made-up series that each alert fires when it should only."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from riskengine.operations import prometheus_rules
from riskengine.operations.alerts import ALERTS, Group
from tests import prometheus
from tests.operations.alert_cases import CASES
from tests.operations.cases import Case, Kind
from tests.operations.series import EVERY_S, inputs


@pytest.fixture(scope="module")
def promtool() -> Path:
    """Prometheus's tool."""
    return prometheus.programs().promtool


def _run(promtool: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(promtool), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_file_of_rules_is_one(promtool: Path, tmp_path: Path) -> None:
    # Given the rules, with links to their pages
    file = tmp_path / "rules.yml"
    file.write_text(prometheus_rules.rules("https://example.com/alerts/"))
    # When promtool reads them
    checked = _run(promtool, "check", "rules", file)
    # Then it finds all of them, and no fault
    assert checked.returncode == 0, checked.stderr
    assert f"{len(ALERTS)} rules found" in checked.stdout


def test_every_alert_has_its_cases() -> None:
    shown = {alert.name: {case.kind for case in CASES if case.alert == alert.name} for alert in ALERTS}
    needed = {
        alert.name: {Kind.FIRES, Kind.WELL}
        | ({Kind.TOO_SHORT} if alert.rule.hold_s else set())
        | ({Kind.AT_THRESHOLD} if alert.rule.threshold is not None else set())
        for alert in ALERTS
    }

    assert {name: kinds - shown[name] for name, kinds in needed.items() if kinds - shown[name]} == {}


def test_each_alert_fires_when_it_should_and_never_else(promtool: Path, tmp_path: Path) -> None:
    # Given for each alert a file with its rule, and one with its cases
    files = [_file(tmp_path, alert.name) for alert in ALERTS]
    # When promtool plays them
    played = _run(promtool, "test", "rules", *files)
    # Then all is as it should be
    assert played.returncode == 0, played.stdout + played.stderr


def test_a_rule_that_never_fires_is_found(promtool: Path, tmp_path: Path) -> None:
    # Given a rule whose metric is misspelt
    file = _file(tmp_path, "NoWorker")
    rules = tmp_path / "NoWorker.rules.yml"
    rules.write_text(rules.read_text().replace("absent(riskengine_queue_depth)", "riskengine_queue_dept > 1e9"))
    # When its cases are played
    played = _run(promtool, "test", "rules", file)
    # Then they fail
    assert played.returncode != 0


def _file(directory: Path, name: str) -> Path:
    alert = next(alert for alert in ALERTS if alert.name == name)
    (directory / f"{name}.rules.yml").write_text(prometheus_rules.rules(groups=[Group(name, "", (alert,))]))
    file = directory / f"{name}.test.yml"
    tests = [_test(case) for case in CASES if case.alert == name]
    whole = {"rule_files": [f"{name}.rules.yml"], "evaluation_interval": f"{EVERY_S}s", "tests": tests}
    file.write_text(yaml.safe_dump(whole, sort_keys=False, width=1000))
    return file


def _test(case: Case) -> dict[str, Any]:
    return {
        "name": case.title,
        "interval": f"{EVERY_S}s",
        "input_series": inputs(case.phases, case.begins_at),
        "promql_expr_test": [_expected(case, *expected) for expected in _moments(case)],
    }


def _moments(case: Case) -> list[tuple[int, int, bool]]:
    """Spans of seconds, and whether the alert fires somewhere in them; where it begins, to the scrape."""
    if case.fires_s is None:
        return [(case.watched_s, case.lasts_s, False)]
    quiet_s = case.fires_s - case.slack_s - EVERY_S
    last_s = (case.lasts_s if case.ends_s is None else case.ends_s) - EVERY_S
    found = [(case.watched_s, quiet_s, False), (case.fires_s, case.fires_s, True), (last_s, last_s, True)]
    return found if case.ends_s is None else [*found, (case.lasts_s, case.lasts_s, False)]


def _expected(case: Case, since_s: int, until_s: int, fires: bool) -> dict[str, Any]:
    firing = f'count(ALERTS{{alertname="{case.alert}",alertstate="firing"}})'
    return {
        "expr": f"max_over_time({firing}[{until_s - since_s + 1}s:{EVERY_S}s])",
        "eval_time": f"{until_s}s",
        "exp_samples": [{"labels": "{}", "value": 1}] if fires else [],
    }
