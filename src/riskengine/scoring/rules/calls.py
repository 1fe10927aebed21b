"""Names that are written as calls, and what to say of names and functions that are not known."""

import ast
import re
from collections.abc import Mapping

from riskengine.scoring.rules import refusals
from riskengine.scoring.rules.functions import FUNCTIONS
from riskengine.scoring.rules.name import Name

_WORD = re.compile(r"\w+")


class Calls:
    """The calls that stand for names, such as `hour()`. The order of their arguments means nothing."""

    def __init__(self, names: Mapping[str, Name]) -> None:
        self._names = names
        self._usages = {name.call.partition("(")[0]: name.call for name in names.values() if name.call}
        self._meant = {_form(*_WORD.findall(known.call)): name for name, known in names.items() if known.call}
        words = {word: known.call for known in names.values() for word in _WORD.findall(known.call)[1:]}
        self._places = {word: call for word, call in words.items() if word not in names}

    def meant(self, node: ast.Call) -> str | None:
        """The name that a call stands for, if it does."""
        if not isinstance(node.func, ast.Name) or node.keywords:
            return None
        words = [argument.id for argument in node.args if isinstance(argument, ast.Name)]
        return self._meant.get(_form(node.func.id, *words)) if len(words) == len(node.args) else None

    def wrong(self, node: ast.Call) -> tuple[str, str]:
        """What is wrong with a call of something that is no function."""
        if not isinstance(node.func, ast.Name):
            return "only functions can be called, by their names", f"there are {self._all()}"
        name = node.func.id
        if name in self._usages:
            return f"{name} is not called like this", f"write {self._usages[name]}"
        if name in self._names:
            return f"`{name}` is no function", f"write {name} without brackets"
        near = refusals.nearest(name, [*FUNCTIONS, *self._usages, "list"])
        return f"there is no function `{name}`", near or f"there are {self._all()}"

    def unknown(self, name: str) -> tuple[str, str]:
        """What is wrong with a name that is not known, where a value is needed."""
        if name in self._places:
            return f"`{name}` is a place, not a value", f"write {self._places[name]}"
        message = f"nothing is called `{name}`"
        if name in FUNCTIONS:
            return f"`{name}` is a function", f"write {FUNCTIONS[name].usage}"
        if name in self._usages:
            return f"`{name}` is a function", f"write {self._usages[name]}"
        if name in ("true", "false", "null", "none", "nil"):
            return message, "write a condition; a comparison with a missing value is false"
        near = refusals.nearest(name, self._names)
        return message, near or "texts stand in quotes; names are listed in docs/features.md and docs/rules.md"

    def _all(self) -> str:
        return ", ".join([*FUNCTIONS, *self._usages, "list"])


def _form(function: str, *arguments: str) -> tuple[str, ...]:
    return (function, *sorted(arguments))
