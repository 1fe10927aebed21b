"""What an audit finds."""

from collections.abc import Iterable

import msgspec

MOST_SHOWN = 10
"""Violations of a check that are kept in words."""


class Check(msgspec.Struct, frozen=True):
    """One thing that was checked, on so many things; `count` of these violate it, the first of them in words."""

    name: str
    checked: int
    count: int
    violations: tuple[str, ...]

    @classmethod
    def of(cls, name: str, checked: int, violations: Iterable[str]) -> "Check":
        """A check that found these violations."""
        found = list(violations)
        return cls(name, checked, len(found), tuple(found[:MOST_SHOWN]))


class Findings(msgspec.Struct, frozen=True):
    """All checks of a run."""

    checks: tuple[Check, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is violated."""
        return not any(check.count for check in self.checks)

    def violated(self) -> list[str]:
        """The names of the checks that failed."""
        return [check.name for check in self.checks if check.count]
