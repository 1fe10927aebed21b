"""A course on a terminal and as a picture."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from riskengine.capacity.whatif import picture, summary, terminal, ticks
from riskengine.capacity.whatif.course import Course
from riskengine.domain.errors import ConfigurationError
from tests.capacity.whatif.worlds import played

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def course() -> Course:
    """A spike with a failure, an autoscaler and prices."""
    return played(
        duration_s=900,
        arrivals={"curve": "spike", "base_per_s": 20, "peak_per_s": 400, "at_s": 60, "for_s": 60},
        failures=[{"what": "away", "part": "postgresql", "at_s": 600, "for_s": 30}],
        autoscaler={"bounds": {"worker": {"least": 1, "most": 3}}},
        prices={"worker_hour": 1, "currency": "EUR"},
    )


@pytest.mark.parametrize("width", [60, 140])
def test_a_terminal_shows_curves_happenings_and_figures(course: Course, width: int) -> None:
    screen = io.StringIO()
    terminal.show(Console(file=screen, width=width), course, summary.of(course))
    lines = screen.getvalue().splitlines()
    text = " ".join(screen.getvalue().split())
    assert max(map(len, lines)) <= width
    for told in ("accepted and not decided", "a second: offered ·, decided ⠒, refused x", "PostgreSQL away", "EUR"):
        assert told in text
    assert "worker 1 → 2" in text
    # And there are curves, marks of failures, and no colours where there are none
    assert any("⠒" in line for line in lines)
    assert any("!" in line for line in lines)
    assert "\x1b" not in screen.getvalue()


def test_a_terminal_with_colours_has_them(course: Course) -> None:
    assert "\x1b[" in "".join(terminal.plots(course, 80, colourless=False))


def test_where_nothing_is_refused_nothing_is_marked() -> None:
    _, rates, *_ = terminal.plots(played(duration_s=30), 80, colourless=True)
    title, curves = rates.lstrip().split("\n", 1)
    assert "refused x" in title
    assert "x" not in curves


def test_pictures_are_drawn(course: Course, tmp_path: Path) -> None:
    picture.write(tmp_path / "a.png", course, summary.of(course), "a spike")
    picture.write(tmp_path / "a.svg", course, summary.of(course), "a spike")
    assert (tmp_path / "a.png").read_bytes().startswith(PNG)
    assert (tmp_path / "a.png").stat().st_size > 20_000
    assert "<svg" in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize(("name", "told"), [("a.jpeg", "ends in .png or .svg"), ("gone/a.png", "cannot be written")])
def test_a_picture_that_cannot_be_written_is_said(course: Course, tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        picture.write(tmp_path / name, course, summary.of(course), "a spike")


def test_axes_have_round_numbers() -> None:
    assert list(ticks.of_time(3600, 8)) == [600 * number for number in range(7)]
    assert [ticks.time(at_s) for at_s in (0, 90, 600, 7200, 86400)] == ["0", "90 s", "10 min", "2 h", "1 d"]
    assert len(ticks.of_time(0.5, 8)) == 6
    assert len(ticks.of_time(31 * 86_400, 8)) <= 9
    assert list(ticks.of_values(157_000, 4)) == [0, 50_000, 100_000, 150_000, 200_000]
    assert list(ticks.of_values(0, 4)) == [0, 1]
    assert list(ticks.of_values(2, 4, whole=True)) == [0, 1, 2]
    assert [ticks.number(value) for value in (0, 12.5, 2500, 1_200_000)] == ["0", "12.5", "2.5k", "1.2M"]
    assert [ticks.clock(seconds) for seconds in (59.6, 3725)] == ["1:00", "1:02:05"]
