"""The notation of rules and filters: Python's, with little of it allowed, read into a checked tree.

A comparison with a missing value is false, whichever way round (so `not (amount_base > 5)` holds where the amount is
missing); arithmetic with a missing value is missing, and so is a division by zero.
"""

from collections.abc import Collection, Mapping

import msgspec

from riskengine.scoring.rules import syntax
from riskengine.scoring.rules.errors import RuleError, RuleSetError
from riskengine.scoring.rules.name import Name
from riskengine.scoring.rules.place import Written
from riskengine.scoring.rules.reader import Reader, Refused
from riskengine.scoring.rules.syntax import Mistake
from riskengine.scoring.rules.tree import Tree


class Expression(msgspec.Struct, frozen=True):
    """A condition as a checked tree, with the names that it reads and the lists that it looks into, each once."""

    tree: Tree
    reads: tuple[str, ...]
    lists: tuple[str, ...]


def parse(text: str, names: Mapping[str, Name], lists: Collection[str] = (), of: str = "") -> Expression:
    """Reads a condition over these names and lists; `of` says whose it is in errors.

    Raises RuleSetError with all that is wrong: where, and what to write instead. It ends for any text, at once.
    """
    written = Written(text)
    reader = Reader(written, names, lists)
    try:
        tree = reader.condition(syntax.read(written))
    except Mistake as mistake:
        raise RuleSetError([_error(of, written, mistake)]) from None
    except Refused as refused:
        raise RuleSetError(_error(of, written, mistake) for mistake in refused.mistakes) from None
    return Expression(tree, tuple(reader.reads), tuple(reader.lists))


def _error(of: str, written: Written, mistake: Mistake) -> RuleError:
    if mistake.place is None:
        return RuleError(of, mistake.message, hint=mistake.hint)
    place = mistake.place
    return RuleError(
        of, mistake.message, place.column, written.text, line=place.line, width=place.width, hint=mistake.hint
    )
