"""The page on autoscaling says what the rules, the metrics and the bounds are."""

from pathlib import Path

from prometheus_client import REGISTRY

import riskengine.autoscaling.autoscaler  # noqa: F401  (its metrics)
from riskengine.autoscaling import ceiling, need, plan, wording
from riskengine.autoscaling.policy import Bounds
from riskengine.operations.scaling_rules import RULES, ScalingRule
from riskengine.stack.standing import MOST, Kind
from tests.docs.pages import ROOT, Page

PAGE = Page.read(ROOT / "docs" / "autoscaling.md")


def test_the_table_of_rules() -> None:
    def when(rule: ScalingRule) -> str:
        beyond = "below" if rule.when.below else "above"
        return f"{wording.title(rule.when.signal)} {beyond} {wording.figure(rule.when.signal, rule.when.threshold)}"

    expected = [
        [f"`{rule.name}`", str(rule.kind), str(rule.direction), when(rule), wording.duration(rule.when.hold_s)]
        for rule in RULES
    ]

    assert PAGE.table("scaling rule") == expected


def test_the_table_of_metrics() -> None:
    expected = [
        [f"`{family.name}{'_total' * (family.type == 'counter')}`", family.type, family.documentation]
        for family in sorted(REGISTRY.collect(), key=lambda family: family.name)
        if family.name.startswith("riskengine_autoscaler_")
    ]

    assert PAGE.table("metric of the autoscaler") == expected


def test_the_policy_is_one(tmp_path: Path) -> None:
    # Given the example
    (example,) = (block.text for block in PAGE.blocks if block.language == "yaml")
    (tmp_path / "policy.yaml").write_text(example)
    # When it is read
    read = plan.read(tmp_path / "policy.yaml")
    # Then it says what its comments say
    usual = plan.default()
    assert read.every_s == usual.every_s
    assert read.policy.bounds == {Kind.API: Bounds(2, 4), Kind.WORKER: Bounds(2, 12, step=2, cooldown_s=180)}
    changed = {rule.name for rule, before in zip(read.policy.rules, RULES, strict=True) if rule != before}
    assert changed == {"HighQueueDepth", "LowQueueDepth", "HighWorkerCpu"}
    assert f"seconds from look to look, {plan.MOST_EVERY_S:g} at most" in example
    assert f"most: 12           # {MOST} on one machine" in example


def test_the_figures_of_the_page() -> None:
    api, worker = plan.BOUNDS[Kind.API], plan.BOUNDS[Kind.WORKER]
    words = " ".join(PAGE.text.split())
    assert f"{api.least} to {api.most} API processes and {worker.least} to {worker.most} workers" in words
    assert f"may use {need.MOST_BUSY:.0%} of one each".replace("%", " %") in words
    assert f"n × cpu / {need.MOST_BUSY:g}" in words
    assert f"(accepted + depth / {need.DRAIN_S:g}) / decided" in words
    assert f"those that remain may use {need.FULLEST:.0%}".replace("%", " %") in words
    assert f"(accepted + depth / {need.DRAIN_S:g}) / (ceiling × {need.FULLEST:g})" in words
    assert f"for the {ceiling.WHOLE_S:g} seconds before it" in words
    assert f"The highest of the last {ceiling.KEPT_S / 3600:g} hours is kept" in words
