"""Running the examples of a page, and comparing what they print with what the page says."""

import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from tests.docs.pages import Block, Page

PATIENCE = 60
"""Seconds that the examples of one page may take."""

_RUN = {"sh", "python"}
_PRINTED = {"json", "text"}


class Example(msgspec.Struct, frozen=True):
    """A block that is run, and the one that says what it prints."""

    block: Block
    printed: Block | None


def examples_of(page: Page) -> list[Example]:
    """The page's examples. What is said to be printed must follow what prints it."""
    found: list[Example] = []
    last: Block | None = None
    for block in page.blocks:
        if block.language in _PRINTED:
            assert last is not None, f"{page.path.name}:{block.line} says what is printed, and not by what"
            assert not block.before, f"{page.path.name}:{block.line} must follow directly what prints it"
            found[-1] = Example(last, block)
            last = None
        elif block.language in _RUN:
            found.append(Example(block, None))
            last = block
        else:
            last = None
    return found


def run(examples: list[Example], directory: Path, environment: dict[str, str]) -> list[str]:
    """What each example printed, in one shell. Fails at the first command that does."""
    steps = [_step(number, example.block) for number, example in enumerate(examples)]
    script = "\n".join(["set -eu", *steps])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    outputs = [(directory / f"{number}.out").read_text() for number in range(len(examples)) if _ran(directory, number)]
    if done.returncode != 0:
        block = examples[len(outputs) - 1].block
        raise AssertionError(f"line {block.line} failed ({done.returncode}):\n{block.text}{outputs[-1]}{done.stderr}")
    return outputs


def difference(said: Block, printed: str) -> str | None:
    """What the page says that was not printed; None if all of it was."""
    if said.language == "json":
        return _missing(msgspec.json.decode(said.text), msgspec.json.decode(printed), "$")
    lines = iter(printed.splitlines())
    for line in said.text.splitlines():
        if not any(_like(line, candidate) for candidate in lines):
            return f"{line!r} is not printed there"
    return None


def _step(number: int, block: Block) -> str:
    text = block.text if block.language == "sh" else f"python3 - <<'END_OF_PYTHON'\n{block.text}END_OF_PYTHON\n"
    return f"{{\n{text}}} > {number}.out"


def _ran(directory: Path, number: int) -> bool:
    return (directory / f"{number}.out").exists()


def _missing(said: Any, found: Any, path: str) -> str | None:
    match said, found:
        case "...", _:
            return None
        case dict(), dict():
            return _missing_members(said, found, path)
        case list(), list():
            return _missing_items(said, found, path)
        case str(), str():
            same = _like(said, found)
        case _:
            same = said == found
    return None if same else f"{path} is {found!r}, not {said!r}"


def _missing_members(said: dict[str, Any], found: dict[str, Any], path: str) -> str | None:
    absent = (f"{path} has no {name!r}" for name in said if name not in found)
    faults = (_missing(value, found[name], f"{path}.{name}") for name, value in said.items())
    return next(absent, None) or next(filter(None, faults), None)


def _missing_items(said: list[Any], found: list[Any], path: str) -> str | None:
    if said[-1:] == ["..."]:
        said, found = said[:-1], found[: len(said) - 1]
    if len(said) != len(found):
        return f"{path} has {len(found)} items, not {len(said)}"
    faults = (_missing(*pair, f"{path}[{at}]") for at, pair in enumerate(zip(said, found, strict=True)))
    return next(filter(None, faults), None)


def _like(said: str, found: str) -> bool:
    """Whether a text is as said, where `...` stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, said.rstrip().split("..."))), found.rstrip(), re.DOTALL) is not None
