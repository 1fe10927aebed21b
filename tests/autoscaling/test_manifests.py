"""Manifests for KEDA and the HPA: their schemas, and what Prometheus answers to what they ask."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import promql_parser
import pytest
import yaml

from riskengine.autoscaling.asking import questions
from riskengine.autoscaling.manifests import Form, as_yaml, manifests
from riskengine.autoscaling.place import Place
from riskengine.autoscaling.policy import Bounds, Policy
from riskengine.domain.errors import ConfigurationError
from riskengine.operations.scaling_rules import RULES, Direction, ScalingRule
from riskengine.operations.signals import Condition, Signal
from riskengine.stack.standing import Kind
from tests.autoscaling import keda
from tests.prometheus import programs

POLICY = Policy({Kind.API: Bounds(2, 8), Kind.WORKER: Bounds(1, 10, step=2, cooldown_s=120)})
PLACE = Place({Kind.API: "riskengine-api", Kind.WORKER: "riskengine-worker"}, "payments", "http://prometheus:9090")
KUBERNETES = "1.34"


def made(form: Form, policy: Policy = POLICY, place: Place = PLACE) -> list[Any]:
    """The manifests, read again from their YAML."""
    return list(yaml.safe_load_all(as_yaml(manifests(form, policy, place))))


def test_keda_scales_both_kinds_within_the_policy() -> None:
    api, worker = made(Form.KEDA)
    for scaled in (api, worker):
        keda.check(scaled)
    assert (worker["metadata"]["name"], worker["metadata"]["namespace"]) == ("riskengine-worker", "payments")
    assert (worker["spec"]["minReplicaCount"], worker["spec"]["maxReplicaCount"]) == (1, 10)
    for kind, scaled in ((Kind.API, api), (Kind.WORKER, worker)):
        names = [trigger["name"] for trigger in scaled["spec"]["triggers"]]
        assert names == [rule.name for rule in RULES if rule.kind is kind]


def test_the_hpa_is_of_kubernetes_schema_and_asks_what_the_adapter_offers() -> None:
    # Given what is made for the HPA
    adapter, *autoscalers = made(Form.HPA)
    # Then it is as Kubernetes wants it, KEDA's share of it too
    for manifest in (adapter, *autoscalers):
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    for autoscaler, scaled in zip(autoscalers, made(Form.KEDA), strict=True):
        behavior = scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        assert behavior == autoscaler["spec"]["behavior"]
    # And each metric is one of the adapter's
    offered = {rule["name"]["as"]: rule for rule in yaml.safe_load(adapter["data"]["config.yaml"])["externalRules"]}
    asked = [metric["external"]["metric"]["name"] for one in autoscalers for metric in one["spec"]["metrics"]]
    assert sorted(asked) == sorted(offered)
    assert len(asked) == len(RULES)
    assert all(re.fullmatch(r"riskengine(_[a-z]+)+", name) for name in asked)


def test_steps_and_cooldowns_are_what_the_hpa_may_do_in_a_period() -> None:
    _, worker = made(Form.KEDA)
    behavior = worker["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    for direction in ("scaleUp", "scaleDown"):
        assert behavior[direction]["policies"] == [{"type": "Pods", "value": 2, "periodSeconds": 120}]
        assert behavior[direction]["stabilizationWindowSeconds"] == 0


def test_a_cooldown_longer_than_kubernetes_knows_is_refused() -> None:
    policy = Policy({Kind.WORKER: Bounds(1, 10, cooldown_s=3600)})
    with pytest.raises(ConfigurationError, match=r"bounds.worker.cooldown_s is 3600, and Kubernetes takes 1800 s"):
        manifests(Form.KEDA, policy, PLACE)


def test_what_no_rule_takes_stays() -> None:
    up = tuple(rule for rule in RULES if rule.direction is Direction.UP)
    (scaled,) = made(Form.KEDA, Policy({Kind.WORKER: Bounds(1, 10)}, up))
    assert scaled["spec"]["triggers"][-1]["metadata"]["query"] == "vector(1)"


def test_without_a_namespace_it_is_kubectls() -> None:
    place = Place(PLACE.deployments, None, PLACE.prometheus)
    assert all("namespace" not in manifest["metadata"] for manifest in made(Form.HPA, place=place))


def test_the_command_prints_them_for_a_policy_and_a_place(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("bounds: {worker: {least: 3, most: 7}}\nrules: {HighQueueDepth: {threshold: 4321}}\n")
    options = ["--policy", policy, "--namespace", "here", "--worker-deployment", "w", "--prometheus", "http://p:1"]
    command = [sys.executable, "-m", "riskengine", "manifests", *options]
    (scaled,) = yaml.safe_load_all(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert (scaled["metadata"]["name"], scaled["metadata"]["namespace"]) == ("w", "here")
    assert (scaled["spec"]["minReplicaCount"], scaled["spec"]["maxReplicaCount"]) == (3, 7)
    deep, *_ = scaled["spec"]["triggers"]
    assert "> bool 4321" in deep["metadata"]["query"]
    assert deep["metadata"]["serverAddress"] == "http://p:1"


@pytest.mark.parametrize("kind", Kind)
def test_every_question_is_promql(kind: Kind) -> None:
    for question in questions(kind, POLICY):
        promql_parser.parse(question.promql)


DEPTH = (
    ScalingRule("Deep", Kind.WORKER, Direction.UP, Condition(Signal.QUEUE_DEPTH, 1000, 300)),
    ScalingRule("Now", Kind.WORKER, Direction.UP, Condition(Signal.QUEUE_DEPTH, 1000, 0)),
    ScalingRule("Empty", Kind.WORKER, Direction.DOWN, Condition(Signal.QUEUE_DEPTH, 10, 1800, below=True)),
)


def test_prometheus_answers_with_the_factor_of_each_rule(tmp_path: Path) -> None:
    # Given a queue that is deep for 10 minutes but for one scrape, and then empty, until a breaker opens for a moment
    series = "_ 2000x19 0 2000x21 0x200"
    asked = {question.name: question.promql for question in questions(Kind.WORKER, Policy(POLICY.bounds, DEPTH))}
    expected = {
        "Deep": {
            "0s": None,
            "15s": 1,
            "4m30s": 1,
            "5m": 100,
            "5m15s": 0,
            "5m30s": 1,
            "10m15s": 1,
            "10m30s": 100,
            "11m": 0,
        },
        "Now": {"15s": 100, "5m15s": 0, "11m": 0},
        "Empty": {"0s": None, "15s": 1, "5m15s": 1, "40m45s": 1, "41m": 0, "50m": 0, "51m": 1, "53m": 1},
    }
    tests = [
        {
            "expr": asked[name],
            "eval_time": moment,
            "exp_samples": [] if value is None else [{"labels": "{}", "value": value}],
        }
        for name, answers in expected.items()
        for moment, value in answers.items()
    ]
    given = [
        {"series": 'riskengine_queue_depth{instance="a"}', "values": series},
        {"series": 'riskengine_breaker_state{instance="a",part="redis"}', "values": "_x99 0x103 2 0x10"},
    ]
    path = tmp_path / "questions.yaml"
    path.write_text(yaml.safe_dump({"tests": [{"interval": "15s", "input_series": given, "promql_expr_test": tests}]}))
    # When Prometheus is asked at each moment
    answer = subprocess.run([programs().promtool, "test", "rules", path], capture_output=True, text=True, check=False)
    # Then it answers so
    assert answer.returncode == 0, answer.stdout + answer.stderr
