"""Checks that code fits a screen: no function of more than 40 lines, no file of more than 400."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"

FUNCTION_LINES = 40
FILE_LINES = 400


def faults(source: str) -> Iterator[str]:
    """What is too long in a module's text: a line each, with its place and length."""
    lines = source.count("\n")
    if lines > FILE_LINES:
        yield f"1: the file has {lines} lines, more than {FILE_LINES}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{node.lineno}: {node.name} has {length} lines, more than {FUNCTION_LINES}"


def main() -> int:
    found = [f"{path}:{fault}" for path in sorted(SOURCE.rglob("*.py")) for fault in faults(path.read_text())]
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
