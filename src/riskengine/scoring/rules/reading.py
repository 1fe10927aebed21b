"""From YAML to typed structures, field by field, so that all faults are found and not only the first."""

from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from riskengine.domain.errors import ConfigurationError
from riskengine.scoring.rules import refusals
from riskengine.scoring.rules.errors import RuleError, RuleSetError

_MOST_FAULTS = 100
"""Faults that are named; who has more has another problem than these."""


class Faults:
    """The faults found so far."""

    def __init__(self) -> None:
        self.errors: list[RuleError] = []

    def add(self, rule: str, message: str, hint: str = "") -> None:
        """Notes a fault of a rule, or (without one) of the set."""
        if len(self.errors) < _MOST_FAULTS:
            self.errors.append(RuleError(rule, message, hint=hint))


def document(text: str | bytes, largest: int) -> Any:
    """The content of a YAML document of at most so many bytes. Raises RuleSetError if it cannot be read."""
    size = len(text.encode(errors="replace") if isinstance(text, str) else text)
    if size > largest:
        raise RuleSetError([RuleError("", f"the rule set has {size} bytes, {largest} are allowed")])
    try:
        return msgspec.yaml.decode(text)
    except (msgspec.DecodeError, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        # PyYAML lets out what a wrong date, number or nesting makes Python raise.
        said = " ".join(str(error).split())
        raise RuleSetError([RuleError("", f"the rule set cannot be read: {said}")]) from error


def struct(type_: type[msgspec.Struct], raw: Any, found: Faults, what: str, rule: str = "") -> dict[str, Any]:
    """The fields of a structure that are right; the others are noted. `what` is what a fault is said to be in."""
    if not isinstance(raw, dict):
        found.add(rule, f"{what} must consist of fields, not of {_kind(raw)}")
        return {}
    fields = {field.name: field for field in msgspec.structs.fields(type_)}
    for name in raw:
        if name not in fields:
            near = refusals.nearest(str(name), fields)
            found.add(rule, f"{what} has no field `{name}`", near or f"there are {', '.join(fields)}")
    types = get_type_hints(type_, include_extras=True)
    made = {}
    for name, field in fields.items():
        if name not in raw:
            if field.required:
                found.add(rule, f"{what} has no `{name}`", "write one")
            continue
        value = _field(types[name], raw[name], found, name, rule)
        if value is not msgspec.UNSET:
            made[name] = value
    return made


def _field(type_: Any, raw: Any, found: Faults, name: str, rule: str) -> Any:
    inner = _items(type_)
    if inner is not None and isinstance(raw, list):
        if (most := _most(type_)) is not None and len(raw) > most:
            found.add(rule, f"there are {len(raw)} {name}, {most} are allowed")
            return msgspec.UNSET
        items = [_struct(inner, item, found, f"{name}[{place}]") for place, item in enumerate(raw)]
        return tuple(items)
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return _struct(type_, raw, found, name)
    try:
        return msgspec.convert(raw, type_)
    except msgspec.ValidationError as error:
        found.add(rule, f"{name}: {error}")
        return msgspec.UNSET


def _struct(type_: type[msgspec.Struct], raw: Any, found: Faults, what: str) -> Any:
    """A structure inside another; what it is called in faults is its id, if it has one that can be read."""
    before = len(found.errors)
    id_ = raw.get("id") if isinstance(raw, dict) else None
    made = struct(type_, raw, found, what if not isinstance(id_, str) else "the rule", str(id_ or ""))
    if len(found.errors) > before:
        return msgspec.UNSET
    try:
        return type_(**made)
    except (ConfigurationError, ValueError) as error:
        found.add("", f"{what}: {error}")
        return msgspec.UNSET


def _items(type_: Any) -> type[msgspec.Struct] | None:
    """The structure that a field holds many of, if it does."""
    for part in (type_, *get_args(type_)):
        if get_origin(part) is tuple and isinstance(get_args(part)[0], type):
            inner: type = get_args(part)[0]
            return inner if issubclass(inner, msgspec.Struct) else None
    return None


def _most(type_: Any) -> int | None:
    return next((part.max_length for part in get_args(type_) if isinstance(part, msgspec.Meta)), None)


def _kind(raw: Any) -> str:
    return {list: "a row of values", str: "a text", type(None): "nothing"}.get(type(raw), f"a {type(raw).__name__}")
