"""The model of scale on its page is reckoned from the last figures."""

import runpy
from typing import Any

import msgspec
import pytest

from tests.docs.pages import ROOT

SCRIPT = runpy.run_path(str(ROOT / "scripts" / "scale_model.py"))
AGAIN = "run: python scripts/scale_model.py"


@pytest.fixture
def figures() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((ROOT / "benchmarks" / "scale.json").read_bytes())
    return found


def test_the_page_states_the_last_figures(figures: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "scale.md").read_text()

    assert all(f"<!-- end of {part} -->" in page for part in (SCRIPT["MODEL"], SCRIPT["LAYOUTS"]))
    assert page == SCRIPT["page"](page, figures), AGAIN


def test_what_costs_twice_is_full_at_half_the_rate(figures: dict[str, Any]) -> None:
    # Given the layout that the model takes, and the same with transactions that cost PostgreSQL twice as much
    one = next(found for found in figures["instances"] if found["layout"] == SCRIPT["LAYOUT"])
    dearer = msgspec.json.decode(msgspec.json.encode(one))
    dearer["single_cpu_by_kind"]["postgresql"] *= 2
    # When it is asked at which rate what is full
    before, after = SCRIPT["saturations"](one), SCRIPT["saturations"](dearer)
    # Then PostgreSQL's processors are at half the rate, and all else where it was
    name = f"{SCRIPT['POSTGRES_CORES']} processors of PostgreSQL"
    assert after[name] == pytest.approx(before[name] / 2)
    assert after | {name: before[name]} == before
