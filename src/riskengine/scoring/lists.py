"""Lists and snoozes as rules see them: one immutable state of all of them, numbered."""

from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from operator import attrgetter

import msgspec

from riskengine.domain.errors import ConfigurationError
from riskengine.domain.listing import ENTITY_FIELDS, Entry, ListDefinition, Snooze, StarterList
from riskengine.domain.transaction import Transaction
from riskengine.scoring import members
from riskengine.scoring.members import Members

__all__ = ["Changes", "Contains", "Entry", "ListDefinition", "Lists", "Snooze", "StarterList", "starter_lists"]

Contains = Callable[[str | None, int], bool]
"""(value of a transaction, time in ms since the epoch) -> whether it is on the list then."""

_read = {field: attrgetter(field) for field in ENTITY_FIELDS}


class Lists:
    """All lists and snoozes as they stood at one version. Immutable; states share what they have in common."""

    def __init__(
        self,
        version: int,
        definitions: Iterable[ListDefinition] = (),
        entries: Mapping[str, Iterable[Entry]] | None = None,
        snoozes: Iterable[Snooze] = (),
    ) -> None:
        """Values of entries and snoozes must be in the form that `domain.listing` gives them."""
        self.version = version
        self.definitions: Mapping[str, ListDefinition] = {each.name: each for each in definitions}
        self.snoozes = tuple(snoozes)
        self._members = {name: members.empty(each.kind) for name, each in self.definitions.items()}
        for name, values in (entries or {}).items():
            self._members[name].add(values)
        self._snoozed = _by_rule(self.snoozes)

    @classmethod
    def starter(cls) -> "Lists":
        """The lists as they are shipped: version 0."""
        shipped = starter_lists()
        definitions = [ListDefinition(s.name, s.kind, s.effect, s.field, s.description) for s in shipped]
        return cls(0, definitions, {s.name: map(Entry, s.entries) for s in shipped})

    def contains(self, name: str) -> Contains:
        """How to look a value up in a list. Raises ConfigurationError if there is no such list."""
        return self._of(name).contains

    def size(self, name: str) -> int:
        """The entries of a list, those that have expired included. Raises ConfigurationError."""
        return len(self._of(name))

    def snoozed(self, rule_id: str, transaction: Transaction) -> bool:
        """Whether the rule does not count for this transaction, by the time at which it was accepted."""
        fields = self._snoozed.get(rule_id)
        if fields is None:
            return False
        at = transaction.created_at
        return any(at < until.get(_read[field](transaction), 0) for field, until in fields.items())

    def with_changes(
        self,
        version: int,
        *,
        definitions: Iterable[ListDefinition] | None = None,
        removed: Mapping[str, Iterable[str]] | None = None,
        added: Mapping[str, Iterable[Entry]] | None = None,
        snoozes: Iterable[Snooze] | None = None,
    ) -> "Lists":
        """Another state: values are removed, then entries added. `definitions` and `snoozes`, where given, are all.

        A list that is not among the definitions is gone; one that was not there before, or whose definition is another,
        begins empty.
        """
        changes = Changes(self, version, self.definitions.values() if definitions is None else definitions)
        for name, values in (removed or {}).items():
            changes.remove(name, values)
        for name, entries in (added or {}).items():
            changes.add(name, entries)
        return changes.done(snoozes)

    def _of(self, name: str) -> Members:
        found = self._members.get(name)
        if found is None:
            raise ConfigurationError(f"there is no list {name!r}; there are {', '.join(self.definitions) or 'none'}")
        return found


class Changes:
    """The next state of lists in the making, for changes that arrive piece by piece; used once."""

    def __init__(
        self, base: Lists, version: int, definitions: Iterable[ListDefinition], *, anew: Iterable[str] = ()
    ) -> None:
        """`anew` are lists that begin empty, though there were others of the same definition."""
        self._base = base
        self._next = Lists(version, definitions)
        self._own = set(anew)
        for name, definition in self._next.definitions.items():
            if name not in self._own and base.definitions.get(name) == definition:
                self._next._members[name] = base._members[name]
            else:
                self._own.add(name)

    def add(self, name: str, entries: Iterable[Entry]) -> None:
        """Adds entries to a list."""
        self._changeable(name).add(entries)

    def remove(self, name: str, values: Iterable[str]) -> None:
        """Removes values from a list."""
        self._changeable(name).remove(values)

    def done(self, snoozes: Iterable[Snooze] | None = None) -> Lists:
        """The new state; without `snoozes` they stay as they are."""
        self._next.snoozes = self._base.snoozes if snoozes is None else tuple(snoozes)
        self._next._snoozed = self._base._snoozed if snoozes is None else _by_rule(self._next.snoozes)
        return self._next

    def _changeable(self, name: str) -> Members:
        if name not in self._own:
            self._next._members[name] = self._next._of(name).copy()
            self._own.add(name)
        return self._next._of(name)


def starter_lists() -> tuple[StarterList, ...]:
    """The lists as they are shipped."""
    text = (resources.files("riskengine.scoring") / "data" / "starter_lists.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=tuple[StarterList, ...])


def _by_rule(snoozes: Iterable[Snooze]) -> dict[str, dict[str, dict[str | None, int]]]:
    """When each snooze ends, by rule, field and value; of several for the same, the last."""
    found: dict[str, dict[str, dict[str | None, int]]] = {}
    for snooze in snoozes:
        until = found.setdefault(snooze.rule_id, {}).setdefault(snooze.field, {})
        until[snooze.value] = max(snooze.until, until.get(snooze.value, 0))
    return found
