"""Why a rule fired, in words: texts in which `{name}` stands for a value, as in "{count_1h} in 1 h"."""

import re
from collections.abc import Iterator, Mapping
from string import Formatter

import msgspec

from riskengine.scoring.rules import refusals
from riskengine.scoring.rules.errors import RuleError
from riskengine.scoring.rules.name import Name
from riskengine.scoring.rules.rule import Rule
from riskengine.scoring.rules.tree import Kind

MISSING = "unknown"
"""What is written for a value that is missing."""

_FORMAT = re.compile(r",?(\.[0-6][f%])?")
_HINT = "write {amount_base}, {amount_base:.2f}, {amount_base:,.2f} or {hour_share_30d:.0%}"


class Slot(msgspec.Struct, frozen=True):
    """A stretch of a template: text as it is, then a value, if a name is given, in a format."""

    text: str
    name: str | None
    format: str


def slots(template: str) -> tuple[Slot, ...]:
    """The parts of a template. Raises ValueError if it is none."""
    return tuple(_slots(template))


def reads(rule: Rule) -> tuple[str, ...]:
    """The names whose values the reason of a checked rule shows, each once."""
    return tuple(dict.fromkeys(slot.name for slot in slots(rule.reason) if slot.name is not None))


def faults(rule: Rule, names: Mapping[str, Name]) -> Iterator[RuleError]:
    """What is wrong with the reason of a rule over these names."""
    try:
        found = slots(rule.reason)
    except ValueError as error:
        yield _error(rule, str(error), hint=f"{_HINT}; for a bracket itself, write it twice")
        return
    for slot in found:
        if slot.name is None:
            continue
        if slot.name not in names:
            near = refusals.nearest(slot.name, names)
            yield _error(rule, f"nothing is called `{slot.name}`", slot.name, near)
        elif slot.format and (names[slot.name].kind is not Kind.NUMBER or not _FORMAT.fullmatch(slot.format)):
            yield _error(rule, f"`{slot.name}` cannot be written as `{slot.format}`", slot.name, _HINT)


def render(rule: Rule, values: Mapping[str, float | str | None]) -> str:
    """The reason of a checked rule with these values; the description, if the rule has none of its own."""
    if not rule.reason:
        return rule.description
    return "".join(slot.text + _shown(slot, values) for slot in slots(rule.reason))


def _slots(template: str) -> Iterator[Slot]:
    for text, name, format_, conversion in Formatter().parse(template):
        if name is not None and (not name.isidentifier() or conversion):
            raise ValueError(f"`{{{name}{'!' + conversion if conversion else ''}}}` is no name in brackets")
        yield Slot(text, name, format_ or "")


def _shown(slot: Slot, values: Mapping[str, float | str | None]) -> str:
    if slot.name is None:
        return ""
    value = values.get(slot.name)
    if isinstance(value, str):
        return value
    if value is None or value != value:  # noqa: PLR0124
        return MISSING
    return format(value, slot.format) if slot.format else _plain(value)


def _plain(number: float) -> str:
    """A number as people write it: whole, with two decimals, or (a small one) with three digits."""
    if number == round(number, 0):
        return f"{number:.0f}"
    return f"{number:.2f}".rstrip("0").rstrip(".") if abs(number) >= 1 else f"{number:.3g}"


def _error(rule: Rule, message: str, name: str = "", hint: str = "") -> RuleError:
    column = rule.reason.find("{" + name) + 2 if name else 0
    return RuleError(rule.id, f"in the reason, {message}", column, rule.reason, width=len(name), hint=hint)
