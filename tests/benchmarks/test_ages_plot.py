"""The picture and the tables of the page on speed are those of the last figures."""

import runpy
from typing import Any

import msgspec
import pytest

from tests.docs.pages import ROOT

SCRIPT = runpy.run_path(str(ROOT / "scripts" / "ages_plot.py"))
AGAIN = "run: python scripts/ages_plot.py"


@pytest.fixture
def figures() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((ROOT / "benchmarks" / "latest.json").read_bytes())
    return found


def test_the_picture_shows_the_last_figures(figures: dict[str, Any]) -> None:
    assert (ROOT / "docs" / "ages.svg").read_text() == SCRIPT["picture"](figures), AGAIN


def test_the_page_states_the_last_figures(figures: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "speed.md").read_text()

    assert SCRIPT["BEGIN"] in page
    assert page == SCRIPT["page"](page, figures), AGAIN


def test_other_figures_are_another_picture_and_another_page(figures: dict[str, Any]) -> None:
    # Given the last figures, and the same but for one point
    other = msgspec.json.decode(msgspec.json.encode(figures))
    other["ages"][3]["us"] *= 2
    page = (ROOT / "docs" / "speed.md").read_text()
    # Then both show it
    assert SCRIPT["picture"](other) != SCRIPT["picture"](figures)
    assert f"| 10,000 | {other['ages'][3]['us']} µs |" in SCRIPT["page"](page, other)
