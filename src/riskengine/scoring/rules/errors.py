"""What is wrong with rules: each fault with its place, and all faults of a set at once."""

from collections.abc import Iterable

from riskengine.domain.errors import ConfigurationError

_AROUND = 60
"""Characters of a long line that are shown on either side of the place."""


class RuleError(ConfigurationError):
    """One fault of one rule.

    `rule` is its id (empty: none, as for a fault of the set itself), `text` its expression (or other faulty text),
    `line` and `column` the place in it (from 1; column 0: in general), `width` how many characters are meant, `hint`
    what to write instead. `message` says what is wrong; `str()` shows it all, with carets under the place.
    """

    def __init__(
        self, rule: str, message: str, column: int = 0, text: str = "", *, line: int = 1, width: int = 1, hint: str = ""
    ) -> None:
        self.rule = rule
        self.message = _shown(message)
        self.column = column
        self.text = text
        self.line = line
        self.width = width
        self.hint = _shown(hint)
        super().__init__(self._full())

    def _full(self) -> str:
        several = "\n" in self.text.strip("\n")
        line = f"line {self.line}" if self.column and several else ""
        column = f"column {self.column}" if self.column else ""
        place = ", ".join(filter(None, (f"rule {self.rule}" if self.rule else "", line, column)))
        lines = [f"{place}: {self.message}" if place else self.message]
        if self.column and self.text:
            lines += self._excerpt()
        if self.hint:
            lines.append(f"  {self.hint}")
        return "\n".join(lines)

    def _excerpt(self) -> list[str]:
        line = _shown(self.text.split("\n")[self.line - 1])
        start = max(0, self.column - 1 - _AROUND)
        end = self.column - 1 + _AROUND
        before, after = "..." if start else "", "..." if len(line) > end else ""
        width = max(1, min(self.width, len(line) - self.column + 1, end - self.column + 1))
        indent = " " * (len(before) + self.column - 1 - start)
        return [f"    {before}{line[start:end]}{after}".rstrip(), f"    {indent}{'^' * width}"]


class RuleSetError(ConfigurationError):
    """All faults of a rule set, or of one expression, that could be found; there is at least one."""

    def __init__(self, errors: Iterable[RuleError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, self.errors)))


def _shown(text: str) -> str:
    """The text in one line, of characters that can be printed."""
    return "".join(character if character.isprintable() else " " for character in text)
