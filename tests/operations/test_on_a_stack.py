"""A real Prometheus with our rules watches real processes: silent while all is well, and heard when it is not."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import yaml

from riskengine.operations import prometheus_rules
from riskengine.operations.alert import Severity
from riskengine.operations.alerts import ALERTS, BY_NAME
from riskengine.operations.dashboards.all import DASHBOARDS
from riskengine.resilience import redis as connections
from riskengine.stack import ports
from riskengine.stack.errors import StackError
from riskengine.stack.stack import Stack
from riskengine.streaming.partitioned_stream import PartitionedStream
from riskengine.streaming.queue import Outgoing
from tests import prometheus
from tests.lettered import RUBBISH
from tests.stack.waiting import until

EVERY = "1s"
"""How often it scrapes and evaluates."""

SLOW = {"ApiLatencyWarning", "ApiLatencyCritical", "EventLoopBlocked", "PoolExhausted"}
"""What is said rightly of a machine that has too much to do, as one that runs tests may have."""


class Watcher(msgspec.Struct, frozen=True):
    """A Prometheus that runs."""

    url: str

    def ask(self, path: str, **query: str) -> Any:
        """What its API answers."""
        return httpx.get(f"{self.url}/api/v1/{path}", params=query).raise_for_status().json()["data"]

    def alerts(self, state: str) -> dict[str, Any]:
        """The alerts in a state, by name."""
        return {one["labels"]["alertname"]: one for one in self.ask("alerts")["alerts"] if one["state"] == state}

    def value(self, promql: str) -> list[str]:
        """The values that an expression has now."""
        return [series["value"][1] for series in self.ask("query", query=promql)["result"]]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One API process and one worker."""
    try:
        stack = Stack(tmp_path_factory.mktemp("watched"), api=1, workers=1)
        stack.__enter__()
    except StackError as error:
        pytest.skip(f"no embedded stack: {error}")
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def watcher(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watcher]:
    """Prometheus, which has the rules and scrapes both."""
    directory, port = tmp_path_factory.mktemp("prometheus"), ports.free()
    (directory / "rules.yml").write_text(prometheus_rules.rules())
    targets = [f"127.0.0.1:{process.port}" for process in (*stack.api, *stack.workers)]
    job = {"job_name": "payments", "static_configs": [{"targets": targets}]}
    every = {"scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY}
    config = {"global": every, "rule_files": ["rules.yml"], "scrape_configs": [job]}
    (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(_command(directory, port), stdout=log, stderr=log)
    watcher = Watcher(f"http://127.0.0.1:{port}")
    try:
        until(lambda: _scraped(watcher, len(targets)), "Prometheus scrapes all")
        yield watcher
    finally:
        process.terminate()
        process.wait(30)


def _command(directory: Path, port: int) -> list[str]:
    return [
        str(prometheus.programs().prometheus),
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]


def _scraped(watcher: Watcher, targets: int) -> bool:
    try:
        return watcher.value("sum(up)") == [str(targets)]
    except httpx.HTTPError:
        return False


def _evaluated(watcher: Watcher) -> list[dict[str, Any]]:
    return [rule for group in watcher.ask("rules")["groups"] for rule in group["rules"]]


def test_what_is_wrong_is_told_and_nothing_else(stack: Stack, watcher: Watcher) -> None:
    # Given a Prometheus that has evaluated all rules, on an engine that has nothing to do
    until(lambda: all(rule["health"] != "unknown" for rule in _evaluated(watcher)), "all rules are evaluated")
    # Then none of them is at fault
    rules = _evaluated(watcher)
    assert {rule["name"] for rule in rules} == {alert.name for alert in ALERTS}
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []
    # And soon, when all are scraped, nothing is told of but that fewer processes would do
    until(lambda: not _wrong(watcher), "nothing is wrong")
    # And Prometheus answers whatever a dashboard asks
    for dashboard in DASHBOARDS:
        for panel in dashboard.panels:
            for query in panel.queries:
                watcher.ask("query", query=query.promql)
    # When a message that nobody can read gets into the queue
    asyncio.run(_publish(stack.redis_url))
    until(lambda: "DeadLetters" in watcher.alerts("firing"), "DeadLetters fires")
    # Then that is told, with what it means
    letters = watcher.alerts("firing")["DeadLetters"]
    assert letters["labels"] == {"alertname": "DeadLetters", "severity": "warning"}
    assert letters["annotations"]["summary"] == BY_NAME["DeadLetters"].summary
    assert "<error" not in json.dumps(letters["annotations"])
    # When the worker dies and none follows
    stack.workers[0].process.stop(10)
    # Then that is noticed, and the API's alerts still see
    until(lambda: _wrong(watcher) == {"DeadLetters", "NoWorker", "TargetDown"}, "NoWorker and TargetDown are noticed")


def _wrong(watcher: Watcher) -> set[str]:
    """The alerts that fire or are about to, apart from those of scaling and what a slow machine is told of."""
    told = watcher.alerts("firing") | watcher.alerts("pending")
    return {name for name in told if BY_NAME[name].severity is not Severity.SCALING} - SLOW


async def _publish(redis_url: str) -> None:
    redis = connections.connect(redis_url, "test")
    try:
        await PartitionedStream(redis).publish([Outgoing("alice", RUBBISH)])
    finally:
        await redis.aclose()
