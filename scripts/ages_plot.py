"""Draws docs/ages.svg and writes the figures of docs/speed.md, both from benchmarks/latest.json.

make bench && python scripts/ages_plot.py
"""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "benchmarks" / "latest.json"
PICTURE = ROOT / "docs" / "ages.svg"
PAGE = ROOT / "docs" / "speed.md"

BEGIN, END = "<!-- figures: written by scripts/ages_plot.py -->\n", "<!-- end of figures -->\n"

_WIDTH, _HEIGHT = 720, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 650, 56, 320
_STEPS = 5
_CURVES = (
    ("the whole life, at three a day", "#0b6e99", lambda points: points[: len(points) // 2]),
    ("the last month", "#b3541e", lambda points: points[len(points) // 2 :]),
)

Points = Sequence[dict[str, Any]]


def main() -> None:
    """Does both."""
    figures = msgspec.json.decode(FIGURES.read_bytes())
    PICTURE.write_text(picture(figures))
    PAGE.write_text(page(PAGE.read_text(), figures))


def picture(figures: dict[str, Any]) -> str:
    """The cost of a transaction over the events its account has had, as SVG."""
    points: Points = figures["ages"]
    top = _round_up(max(point["us"] for point in points))
    counts = sorted({point["events"] for point in points})
    across = _scale(math.log10(counts[0]), math.log10(counts[-1]), _LEFT + 24, _RIGHT - 24)
    up = _scale(0, top, _BOTTOM, _TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="13" fill="#333">',
        "<title>What a transaction costs by the events its account has had</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15">µs to score a transaction, by the events of its account</text>',
        *_grid(top, up),
        *_numbers(counts, across),
        *_key(),
    ]
    for _, colour, chosen in _CURVES:
        places = [(across(math.log10(point["events"])), up(point["us"])) for point in chosen(points)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in places]
    return "\n".join([*parts, "</svg>"]) + "\n"


def page(text: str, figures: dict[str, Any]) -> str:
    """The page with these figures in place of those it has."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + "\n" + "\n".join(_tables(figures)) + "\n" + END + rest.partition(END)[2]


def _tables(figures: dict[str, Any]) -> Iterator[str]:
    machine = figures["machine"]
    yield f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}; {figures['date'][:10]}.\n"
    yield "| a transaction of | 20 rules | 200 rules |"
    yield "| --- | --- | --- |"
    rows = {figures["source"]: ("score_us_60f_20r", "score_ratio_200r")}
    rows["simulator"] = ("score_simulated_us", "score_simulated_ratio_200r")
    for source, (us, ratio) in rows.items():
        yield f"| {source} | {figures[us]} µs | {figures[ratio]:.2f} times that |"
    yield ""
    half = len(figures["ages"]) // 2
    yield "| events | all in its life, 3 a day | all in its last month |"
    yield "| --- | --- | --- |"
    for old, busy in zip(figures["ages"][:half], figures["ages"][half:], strict=True):
        yield f"| {old['events']:,} | {old['us']} µs | {busy['us']} µs |"
    yield ""
    yield "| engine | version | 17 rules on a transaction | times ours |"
    yield "| --- | --- | --- | --- |"
    ours = figures["rules_us"]
    yield f"| riskengine | | {ours} µs | 1 |"
    for name, peer in figures["rules_peers"].items():
        yield f"| {name} | {peer['version']} | {peer['us']} µs | {peer['us'] / ours:.1f} |"


def _grid(top: float, up: Callable[[float], float]) -> Iterator[str]:
    for step in range(_STEPS + 1):
        value = top * step / _STEPS
        y = up(value)
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'


def _numbers(counts: Sequence[int], across: Callable[[float], float]) -> Iterator[str]:
    for count in counts:
        yield f'<text x="{across(math.log10(count)):.1f}" y="{_BOTTOM + 20}" text-anchor="middle">{count:,}</text>'
    yield f'<text x="{(_LEFT + _RIGHT) / 2}" y="{_BOTTOM + 44}" text-anchor="middle">events</text>'


def _key() -> Iterator[str]:
    for number, (words, colour, _) in enumerate(_CURVES):
        x = _LEFT + number * 300
        yield f'<circle cx="{x + 5}" cy="40" r="4" fill="{colour}"/><text x="{x + 16}" y="44">events in {words}</text>'


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """From values to places."""
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _round_up(value: float) -> float:
    """The next number that divides into even steps."""
    step: float = 10 ** math.floor(math.log10(value))
    return math.ceil(value / step * 2) / 2 * step


if __name__ == "__main__":
    main()
