"""Draws docs/top.svg: what `riskengine top` shows of the stack in a directory, after a minute.

python scripts/top_picture.py .riskengine
"""

import asyncio
import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from riskengine.cli.top_view import View
from riskengine.operations.board import Board, Picture
from riskengine.operations.looking import StackLooker

PICTURE = Path(__file__).parents[1] / "docs" / "top.svg"

LOOKS, EVERY_S = 45, 1.5
"""More than a minute, so that rates and bars are of what is sent."""

_WIDTH = 112
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> None:
    """Looks for a while, and draws the last picture."""
    picture = asyncio.run(_last(Path(sys.argv[1])))
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(Text("$ riskengine top", style="bold"))
    console.print(View(picture))
    PICTURE.write_text(_FONTS.sub("", console.export_svg(title="riskengine top")))  # the viewer's own fonts will do


async def _last(directory: Path) -> Picture:
    board = Board(StackLooker(directory))
    for _ in range(LOOKS):
        await board.look()
        await asyncio.sleep(EVERY_S)
    return await board.look()


if __name__ == "__main__":
    main()
