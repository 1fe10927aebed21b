"""Pages as the tests read them: blocks, links, names and tables."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
ALL = [ROOT / "README.md", *DOCS, *sorted((ROOT / "docs" / "alerts").glob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Block(msgspec.Struct, frozen=True):
    """A block of code, and the text between the one before and this one."""

    language: str
    text: str
    line: int
    before: str


class Page(msgspec.Struct, frozen=True):
    """One page of Markdown."""

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> "Page":
        return cls(path, path.read_text())

    @property
    def blocks(self) -> list[Block]:
        found, end = [], 0
        for fence in _FENCE.finditer(self.text):
            line = self.text.count("\n", 0, fence.start()) + 1
            found.append(Block(fence[1], fence[2], line, self.text[end : fence.start()].strip()))
            end = fence.end()
        return found

    @property
    def prose(self) -> str:
        """The page without its blocks."""
        return _FENCE.sub("", self.text)

    @property
    def names(self) -> list[str]:
        """What stands in backticks, in one line each."""
        return [" ".join(name.split()) for name in _NAME.findall(self.prose)]

    @property
    def links(self) -> list[str]:
        """Where the page leads to, other sites apart."""
        return [link for link in _LINK.findall(self.prose) if "://" not in link]

    @property
    def anchors(self) -> set[str]:
        """The names of its headings in a link, made as GitHub makes them."""
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(self.text)}

    def table(self, first_column: str) -> list[list[str]]:
        """The rows of the table whose first column has that title."""
        lines = iter(self.text.splitlines())
        if not any(line.startswith(f"| {first_column} |") for line in lines):
            raise AssertionError(f"{self.path.name} has no table with the first column {first_column!r}")
        next(lines)
        return list(_rows(lines))


def _rows(lines: Iterator[str]) -> Iterator[list[str]]:
    for line in lines:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
