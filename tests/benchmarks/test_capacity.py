"""The benchmark of predictions: what is made of its runs, and that its page states its last figures."""

import runpy
from io import StringIO

import msgspec
from benchmarks.capacity import Capacity
from rich.console import Console

from benchmarks import capacity
from riskengine.capacity.calibrating import Findings
from tests.docs.pages import ROOT

SCRIPT = runpy.run_path(str(ROOT / "scripts" / "capacity_page.py"))
FIGURES = (ROOT / "benchmarks" / "capacity.json").read_bytes()


def test_the_errors_are_those_of_all_runs() -> None:
    # Given the last runs
    last = msgspec.json.decode(FIGURES, type=Capacity)
    # When they are put together again
    own, *checks = last.checks
    found = capacity.of(Findings(last.calibration, last.clients, own), checks, quick=last.quick)
    # Then the worst is as bad as it was, no run is better than told, and each has a line
    assert found.cpu_error_worst == last.cpu_error_worst == max(check.cpu_error for check in last.checks)
    assert found.tps_error_median == last.tps_error_median
    assert last.calibration.error == max(own.cpu_error, own.tps_error)
    written = StringIO()
    capacity.show(Console(file=written, width=capacity.WIDTH), found)
    for check in last.checks:
        assert f"{check.layout}: {check.mix}"[:20] in written.getvalue()


def test_runs_of_other_layouts_and_mixes_are_predicted() -> None:
    last = msgspec.json.decode(FIGURES, type=Capacity)
    assert len({(str(check.layout), str(check.mix)) for check in last.checks}) >= 6
    assert not last.quick


def test_the_page_states_the_last_figures() -> None:
    page = (ROOT / "docs" / "capacity.md").read_text()
    assert all(f"<!-- end of {part} -->" in page for part in SCRIPT["PARTS"])
    assert page == SCRIPT["page"](page, msgspec.json.decode(FIGURES)), "run: python scripts/capacity_page.py"
