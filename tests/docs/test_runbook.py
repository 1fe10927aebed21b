"""The runbook has every problem, every warning and every message about where a process runs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from riskengine.api.problems import KINDS
from tests.docs.pages import ROOT, Page
from tests.docs.test_tables import LOGGED

RUNBOOK = Page.read(ROOT / "docs" / "runbook.md")
SOURCE = ROOT / "src" / "riskengine"
ABOUT_THE_PLACE = ("stack", "storage", "resilience", "settings.py")
"""Where ConfigurationError and StackError are about where the process runs, and not about a file's content."""

OURS_ALONE = " was not started"
"""What only code that uses the stack wrongly gets to see."""


def _named(column: str) -> set[str]:
    """The names in the first column of a table."""
    return {name for row in RUNBOOK.table(column) for name in re.findall(r"`([^`]+)`", row[0])}


def _messages(path: Path) -> Iterator[str]:
    """The fixed texts of the errors that a module raises about its place, one string for each."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("ConfigurationError", "StackError"):
            parts = [part for argument in node.args for part in ast.walk(argument) if isinstance(part, ast.Constant)]
            yield "{}".join(str(part.value) for part in parts)


def test_every_problem_has_its_cause_and_cure() -> None:
    assert _named("problem") == {kind.name for kind in KINDS.values()}


def test_every_warning_and_error_of_the_log_has_its_cause_and_cure() -> None:
    logged = {
        action
        for path in SOURCE.rglob("*.py")
        for level, action in LOGGED.findall(path.read_text())
        if level in ("warning", "error", "exception")
    }
    assert _named("event") == logged


def test_messages_about_the_place_are_there() -> None:
    # Given all such messages in the code
    files = [path for place in ABOUT_THE_PLACE for path in [SOURCE / place, *(SOURCE / place).rglob("*.py")]]
    messages = [message for path in files if path.is_file() for message in _messages(path)]
    assert len(messages) > 10
    # When the runbook is searched
    told = _named("message")
    # Then each has a row, by a part of it
    untold = [message for message in messages if not any(part in message for part in told)]
    assert untold == [OURS_ALONE]
