"""Draws docs/demo.svg from what a demonstration printed to a terminal.

COLUMNS=112 FORCE_COLOR=1 riskengine demo --exit | python scripts/demo_picture.py
"""

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parents[1] / "docs" / "demo.svg"

_WIDTH = 112
_MOVES = re.compile(r"\x1b\[(\?25[lh]|\d*[AK])|\r")
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> None:
    """Keeps the last picture of the progress and what came after it."""
    printed = sys.stdin.read()
    last = printed[printed.rindex("sent  ") :]
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ riskengine demo", style="bold"))
    console.print(Text.from_ansi(_MOVES.sub("", last)), soft_wrap=True)
    drawn = console.export_svg(title="riskengine demo")
    PICTURE.write_text(_FONTS.sub("", drawn))  # the fonts would come from elsewhere; the viewer's own will do


if __name__ == "__main__":
    main()
