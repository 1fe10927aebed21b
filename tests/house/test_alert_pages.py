"""The pages on alerts say what their source says."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_pages_are_what_the_source_says() -> None:
    # Given the pages as the source makes them, and as they are
    made = runpy.run_path(str(ROOT / "scripts" / "alert_pages.py"))["pages"]()
    kept = [ROOT / "docs" / "alerts.md", *(ROOT / "docs" / "alerts").iterdir()]
    # Then they are the same, and there are no others
    assert {path: path.read_text() for path in kept} == made, "run: python scripts/alert_pages.py"
