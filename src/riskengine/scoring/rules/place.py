"""Where in an expression something stands."""

import ast

import msgspec


class Place(msgspec.Struct, frozen=True):
    """A stretch of a text within one line; line and column count from 1."""

    line: int
    column: int
    width: int = 1


class Written:
    """An expression's text, and the form in which Python's parser reads it: in brackets, so that it may span lines."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.wrapped = f"({self.text}\n)"
        self._lines = self.wrapped.split("\n")

    def at(self, offset: int, width: int = 1) -> Place:
        """The place of a character of the text."""
        before = self.text[:offset]
        return Place(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1, width)

    def of(self, node: ast.expr) -> Place:
        """The place of a node; of one that spans lines, what stands in the first."""
        start = max(1, self._column(node.lineno, node.col_offset))
        is_short = node.end_lineno == node.lineno and node.end_col_offset is not None
        line = self._lines[node.lineno - 1]
        end = self._column(node.lineno, node.end_col_offset or 0) if is_short else len(line) + (node.lineno > 1)
        return Place(node.lineno, start, max(1, end - start))

    def of_error(self, error: SyntaxError) -> Place:
        """The place that Python's parser complains of, moved into the text."""
        line, column = error.lineno or 1, (error.offset or 1) - ((error.lineno or 1) == 1)
        lines = self.text.split("\n")
        if line > len(lines):  # at the bracket behind the text: it ends too early
            return self.at(len(self.text.rstrip()))
        return Place(line, min(max(column, 1), len(lines[line - 1]) + 1))

    def _column(self, line: int, byte: int) -> int:
        """The column of a byte of a wrapped line; in the first, the bracket in front makes up for counting from 1."""
        encoded = self._lines[line - 1].encode()
        return len(encoded[:byte].decode()) + (line > 1)
