"""Writes the plots of docs/whatif.md and draws docs/whatif-spike.png, both from the shipped example and calibration.

python scripts/whatif_page.py
"""

import re
from pathlib import Path

from riskengine.capacity.whatif import examples, picture, scenario, summary, terminal
from riskengine.capacity.whatif.course import Course
from riskengine.capacity.whatif.simulation import Simulation

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PICTURE = DOCS / "whatif.md", DOCS / "whatif-spike.png"

EXAMPLE = "spike"

SHOWN = 2
"""Plots that the page has: more would fill it."""

_PLOT = re.compile(r"(?<=^```plot\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def main() -> None:
    """Does both."""
    PAGE.write_text(page(PAGE.read_text()))
    course = _course()
    picture.write(PICTURE, course, summary.of(course), EXAMPLE)


def page(text: str) -> str:
    """The page with these plots in place of those it has."""
    plots = terminal.plots(_course(), terminal.WIDTH, colourless=True)[:SHOWN]
    lines = [line.rstrip() for plot in plots for line in plot.splitlines()]
    return _PLOT.sub("".join(f"{line}\n" for line in lines), text)


def _course() -> Course:
    told = scenario.parse(examples.scenario(EXAMPLE).encode())
    return Simulation(told, examples.calibration()).run()


if __name__ == "__main__":
    main()
