"""`riskengine chaos`, as a user runs it: a short run for real, and what the command makes of an outcome."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import psutil
import pytest
from typer.testing import CliRunner

from riskengine.chaos.audit.findings import Check, Findings
from riskengine.chaos.options import Options
from riskengine.chaos.play import Outcome
from riskengine.chaos.stage import Stage
from riskengine.cli import chaos, main
from riskengine.stack import programs
from riskengine.stack.errors import StackError

pytestmark = pytest.mark.usefixtures("logs_as_before")

PATIENCE_S = 800
FAULTS = ("crash-decide.stored", "kill-api", "empty-valkey", "unscorable", "cut-postgresql")


@pytest.mark.timeout(PATIENCE_S + 60)
def test_a_short_run_violates_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    try:
        for program in (programs.postgres, programs.valkey, programs.caddy):
            program()
    except StackError as error:
        pytest.skip(str(error))
    kept = tmp_path / "kept"
    # When a run of some faults is over, one of them a crash between two steps
    options = ["--minutes", "1.1", "--seed", "4", "--rate", "60", "--faults", ",".join(FAULTS), "--keep", str(kept)]
    process = subprocess.run(
        [sys.executable, "-P", "-m", "riskengine", "chaos", *options],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    # Then nothing is violated
    assert process.returncode == 0, process.stdout + process.stderr
    assert "VIOLATED" not in process.stdout
    # And what is kept tells of every fault, of traffic and of the audit
    told = msgspec.json.decode((kept / "chaos.json").read_bytes())
    assert {event["name"] for event in told["outcome"]["events"]} == set(FAULTS)
    assert {one["name"] for one in told["schedule"]} == set(FAULTS)
    crash = next(event for event in told["outcome"]["events"] if event["name"] == "crash-decide.stored")
    assert crash["remark"] in ("worker-1", "worker-2")
    assert told["outcome"]["acknowledged"] == told["outcome"]["sent"] > 1000
    checked = {check["name"]: check["checked"] for check in told["outcome"]["findings"]["checks"]}
    assert checked["decisions executed again are bit-identical"] == told["outcome"]["sent"]
    assert checked["what cannot be scored is a dead letter after its tries"] == 3
    # And no process is left
    found = psutil.process_iter(["cmdline"])
    assert [p.pid for p in found if str(tmp_path) in " ".join(p.info["cmdline"] or ())] == []


@pytest.fixture
def without_stack(monkeypatch: pytest.MonkeyPatch) -> list[Findings]:
    """The command with a stage that has no disk, on which a run finds what is in the list."""
    findings: list[Findings] = []

    @contextmanager
    def stage(directory: Path, options: Options) -> Iterator[Stage]:
        yield Stage(cast(Any, None), {}, cast(Any, None), None, "no disk today")

    async def play(*_: object) -> Outcome:
        return Outcome(findings[0], [], [], 10, 10, {201: 10}, 0, 0, 0, 0, 1.0)

    monkeypatch.setattr(chaos, "stage", stage)
    monkeypatch.setattr(chaos, "play", play)
    return findings


def test_a_violation_is_exit_code_1_with_the_way_to_repeat_it(without_stack: list[Findings]) -> None:
    without_stack.append(Findings((Check.of("promises are kept", 10, ["number 7 is lost"]),)))
    ran = CliRunner().invoke(main.app, ["chaos", "--seed", "9", "--minutes", "0.5", "--faults", "kill,disk"])
    assert ran.exit_code == 1
    for words in ("VIOLATED", "number 7 is lost", "no disk today", "riskengine chaos --minutes 0.5 --seed 9"):
        assert words in ran.output
    assert "--faults kill,disk" in ran.output.replace("\n", " ")


def test_no_violation_is_exit_code_0(without_stack: list[Findings]) -> None:
    without_stack.append(Findings((Check.of("promises are kept", 10, []),)))
    ran = CliRunner().invoke(main.app, ["chaos", "--minutes", "0.5"])
    assert ran.exit_code == 0, ran.output
    assert "Seed" in ran.output


def test_a_fault_that_does_not_exist_is_refused() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "riskengine", "chaos", "--faults", "earthquake"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "no fault is called earthquake" in ran.stderr
