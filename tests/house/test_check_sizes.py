"""The check of sizes goes red when it should."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]

faults = runpy.run_path(str(ROOT / "scripts" / "check_sizes.py"))["faults"]


def function(lines: int) -> str:
    return "async def sample():\n" + "    pass\n" * (lines - 1)


def test_a_function_of_forty_lines_fits() -> None:
    assert list(faults(function(40))) == []


def test_a_function_of_more_does_not() -> None:
    assert list(faults("\n" + function(41))) == ["2: sample has 41 lines, more than 40"]


def test_a_file_of_more_than_four_hundred_lines_does_not() -> None:
    assert list(faults("x = 1\n" * 400)) == []
    assert list(faults("x = 1\n" * 401)) == ["1: the file has 401 lines, more than 400"]
