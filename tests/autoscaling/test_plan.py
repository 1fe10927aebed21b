"""Policies as people write them."""

from pathlib import Path

import pytest

from riskengine.autoscaling import plan
from riskengine.autoscaling.policy import Bounds
from riskengine.domain.errors import ConfigurationError
from riskengine.operations.scaling_rules import RULES
from riskengine.stack.standing import Kind


def _file(directory: Path, text: str) -> Path:
    path = directory / "policy.yaml"
    path.write_text(text)
    return path


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    text = """
every_s: 5
bounds:
  worker: {least: 2, most: 6, step: 2, cooldown_s: 60}
rules:
  HighQueueDepth: {threshold: 500, hold_s: 120}
  LowQueueDepth: {hold_s: 600}
"""
    read = plan.read(_file(tmp_path, text))
    assert read.every_s == 5
    assert read.policy.bounds == {Kind.WORKER: Bounds(2, 6, 2, 60)}  # the other kind is left alone
    changed = {rule.name: (rule.when.threshold, rule.when.hold_s) for rule in read.policy.rules if rule not in RULES}
    assert changed == {"HighQueueDepth": (500, 120), "LowQueueDepth": (10, 600)}
    assert [rule.name for rule in read.policy.rules] == [rule.name for rule in RULES]


def test_a_file_that_names_nothing_changes_nothing(tmp_path: Path) -> None:
    assert plan.read(_file(tmp_path, "{}")) == plan.default()
    plan.default().check()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "bounds: {worker: {least: 5, most: 2}}",
            r"bounds.worker.most \(2\) is below least \(5\): raise most, or lower",
        ),
        ("bounds: {worker: {least: x, most: 2}}", r"Expected `int`, got `str` - at `\$.bounds.worker.least`"),
        ("bounds: {worker: {most: 2}}", r"missing required field `least` - at `\$.bounds.worker`"),
        ("bounds: {api: {least: 1, mots: 2}}", r"unknown field `mots` - at `\$.bounds.api`"),
        ("bounds: {workers: {least: 1, most: 2}}", r"unknown field `workers` - at `\$.bounds`"),
        ("bounds: {}", "bounds: name at least one kind of process, api or worker"),
        ("rules: {HighDepth: {hold_s: 1}}", r"unknown field `HighDepth` - at `\$.rules`"),
        ("rules: {LowQueueDepth: {hold_s: soon}}", r"`str` - at `\$.rules.LowQueueDepth.hold_s`"),
        ("rules: {LowQueueDepth: {hold_s: -1}}", "rules.LowQueueDepth.hold_s is -1: it must be 0 or more seconds"),
        ("rules: {HighApiCpu: {threshold: 70}}", "rules.HighApiCpu.threshold is 70: a share is from 0 to 1"),
        ("rules: {LowApiCpu: {threshold: 0.8}}", r"rules.LowApiCpu.threshold \(0.8\) is not below that of HighApiCpu"),
        ("every_s: 31", "every_s is 31: look at least every 30 seconds"),
        ("every_s: 0", "every_s is 0"),
        ("evry_s: 5", "unknown field `evry_s`"),
        ("bounds: [", "this is no YAML: .*expected the node content"),
        (
            "bounds: {worker: {least: 1, most: 2, most: 9}}",
            "bounds.worker.most is there twice, in lines 1 and 1: keep one",
        ),
        ("", "Expected `object`, got `null`"),
    ],
)
def test_a_file_that_cannot_be_is_refused_with_the_field(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=f"policy.yaml: .*{told}"):
        plan.read(_file(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigurationError, match=f"{path} cannot be read .*: name a file with a policy"):
            plan.read(path)
