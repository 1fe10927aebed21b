"""Scenarios as people write them, and what they are told when something is wrong."""

from pathlib import Path

import pytest

from riskengine.capacity.whatif import scenario
from riskengine.capacity.whatif.failures import Away, Killed
from riskengine.domain.errors import ConfigurationError

WHOLE = """
duration_s: 100
arrivals: {curve: constant, per_s: 5}
"""


def test_what_is_left_out_has_its_default() -> None:
    found = scenario.parse(WHOLE.encode())
    assert found.mix.shares == (1.0, 0.0, 0.0)
    assert (found.start.api, found.start.worker) == (2, 2)
    assert found.autoscaler is None
    assert found.failures == ()


def test_all_can_be_said() -> None:
    found = scenario.parse(
        b"""
        duration_s: 3600
        arrivals: {curve: steps, steps: [{at_s: 0, per_s: 10}, {at_s: 60, per_s: 20}]}
        poisson: false
        seed: 3
        mix: {single: 1, batch: 2, decisions: 1}
        start: {api: 1, worker: 3}
        calibration: mine.json
        cores: 8
        senders_us: 12
        ready_s: 4
        limits: {ingest_queue: 1000, queue: 5000}
        autoscaler:
          every_s: 10
          bounds: {worker: {least: 2, most: 5, step: 2, cooldown_s: 30}}
          rules: {HighQueueDepth: {threshold: 500, hold_s: 60}}
        failures:
          - {what: killed, process: worker, at_s: 10, count: 2, back_after_s: null}
          - {what: away, part: valkey, at_s: 20, for_s: 5}
          - {what: slow, factor: 2, at_s: 30, for_s: 5}
        prices: {api_hour: 1, worker_hour: 2, fixed_hour: 3, currency: EUR}
        late_after_s: 5
        """
    )
    assert found.mix.shares == (0.25, 0.5, 0.25)
    assert found.failures[:2] == (
        Killed(at_s=10, process="worker", count=2, back_after_s=None),
        Away(at_s=20, part="valkey", for_s=5),
    )
    assert found.autoscaler is not None
    rules = {rule.name: rule.when for rule in found.autoscaler.plan().policy.rules}
    assert (rules["HighQueueDepth"].threshold, rules["HighQueueDepth"].hold_s) == (500, 60)
    assert rules["HighQueueLag"].threshold == 30


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("arrivals: {curve: constant, per_s: 5}", "the whole: Object missing required field `duration_s`"),
        ("duration_s: -1\narrivals: {curve: constant, per_s: 5}", "duration_s: Expected `float` > 0"),
        ("duration_s: .nan\narrivals: {curve: constant, per_s: 5}", "duration_s: "),
        ("duration_s: 10\narrivals: {curve: wave, per_s: 5}", "arrivals.curve: Invalid value 'wave'"),
        (WHOLE + "durations: 3", "unknown field `durations`"),
        (WHOLE + "start: {workers: 3}", "start: Object contains unknown field `workers`"),
        (WHOLE + "start: {worker: 0}", "start.worker: Expected `int` >= 1"),
        (WHOLE + "mix: {single: 0}", "mix: all parts are 0"),
        (WHOLE + "failures: [{what: away, part: kafka, at_s: 1, for_s: 1}]", "failures[0].part: Invalid enum value"),
        (WHOLE + "failures: [{what: killed, process: api, at_s: 200}]", "failures[0].at_s: 200 is not before the end"),
        (WHOLE + "autoscaler: {bounds: {worker: {least: 5, most: 2}}}", "bounds.worker.most (2) is below least (5)"),
        (WHOLE + "autoscaler: {bounds: {}}", "name at least one kind of process"),
        (WHOLE + "autoscaler: {every_s: 99}", "autoscaler: every_s is 99"),
        (WHOLE + "autoscaler: {rules: {HighTide: {}}}", "autoscaler.rules: Object contains unknown field `HighTide`"),
        ("duration_s: 9\narrivals: {curve: steps, steps: []}", "arrivals.steps: Expected `array` of length >= 1"),
        (
            "duration_s: 9\narrivals: {curve: points, points: [{at_s: 2, per_s: 1}, {at_s: 1, per_s: 1}]}",
            "arrivals.points[1].at_s: 1 must be after 2",
        ),
        ("duration_s: [", "this is no YAML"),
        (WHOLE + "duration_s: 200", "duration_s is there twice, in lines 2 and 4: keep one"),
        (WHOLE + "failures: [{what: away, what: slow}]", "failures[0].what is there twice"),
    ],
)
def test_what_is_wrong_is_named(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        scenario.parse(text.encode(), "a.yaml")
    assert told in str(refused.value)
    assert str(refused.value).startswith("a.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gone\.yaml cannot be read"):
        scenario.read(tmp_path / "gone.yaml")
