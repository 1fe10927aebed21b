"""The benchmark of predictions runs, predicts what it measures, about, and its page states its figures."""

import runpy
import subprocess
import sys
from pathlib import Path

import msgspec
from benchmarks.capacity import Capacity

from tests.docs.pages import ROOT

SCRIPT = runpy.run_path(str(ROOT / "scripts" / "capacity_page.py"))

FACTOR = 3
"""By which a prediction of processor time may miss in runs of a second, on a machine that has other work."""


def test_a_quick_run_predicts_what_it_measures(tmp_path: Path) -> None:
    # When run quickly
    output = tmp_path / "capacity.json"
    command = [sys.executable, "-m", "benchmarks.capacity", "--quick", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    # Then each run, the calibration's own among them, has figures, and was predicted as what it is
    found = msgspec.json.decode(output.read_bytes(), type=Capacity)
    assert len(found.checks) == 3
    for check in found.checks:
        assert min(check.cpu_us, check.tps, check.predicted.tps) > 0
        assert 1 / FACTOR < check.predicted.cpu_us / check.cpu_us < FACTOR
    assert found.calibration.error == max(found.checks[0].cpu_error, found.checks[0].tps_error)
    assert found.cpu_error_worst == max(check.cpu_error for check in found.checks)


def test_the_page_states_the_last_figures() -> None:
    figures = msgspec.json.decode((ROOT / "benchmarks" / "capacity.json").read_bytes())
    page = (ROOT / "docs" / "capacity.md").read_text()
    assert all(f"<!-- end of {part} -->" in page for part in SCRIPT["PARTS"])
    assert page == SCRIPT["page"](page, figures), "run: python scripts/capacity_page.py"
