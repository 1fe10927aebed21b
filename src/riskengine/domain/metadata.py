"""The free part of a transaction: what its JSON object may hold, and the text that is stored."""

import re
from decimal import Decimal
from typing import Any

import msgspec

from riskengine.domain import card_numbers
from riskengine.domain.errors import FieldError
from riskengine.domain.shape import shown

LARGEST = 4096
"""Bytes of its stored text."""

DEEPEST = 16
"""Objects and arrays in each other."""

CARD_NUMBER = "contains a payment card number, which must not be sent here; remove it"
NOT_STORABLE = "contains a NUL character or half a surrogate pair; remove it"

_LARGEST_EXPONENT = 308
"""Of ten, either way: the range of a double, which every reader of JSON can take in."""

_NOTABLE = re.compile(r"\\u0000|\dE[+-]|\d(?:[ -]?\d){12}")
"""In JSON text: a NUL, a number with an exponent, digits enough for a card number."""

_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")


def text(metadata: dict[str, Any]) -> str:
    """The object as text, always the same for the same content."""
    return _encoder.encode(metadata).decode()


def storable(string: str) -> bool:
    """Whether PostgreSQL can keep the string: no NUL, and UTF-8."""
    if string.isascii():
        return "\0" not in string
    try:
        return b"\0" not in string.encode()
    except UnicodeEncodeError:
        return False


def faults(metadata: dict[str, Any]) -> list[FieldError]:
    """What keeps the object from being stored, with paths that begin with `metadata`."""
    return [] if _plainly_good(metadata) else _all_faults(metadata)


def _plainly_good(metadata: dict[str, Any]) -> bool:
    """Whether one look at the text settles that nothing is wrong; if not, each value is to be looked at."""
    try:
        encoded = text(metadata)
    except (TypeError, ValueError, RecursionError):
        return False
    return (
        len(encoded) <= LARGEST
        and encoded.isascii()
        and encoded.count("{") + encoded.count("[") <= DEEPEST
        and _NOTABLE.search(encoded) is None
    )


def _all_faults(metadata: dict[str, Any]) -> list[FieldError]:
    found: list[FieldError] = []
    level: list[tuple[str, object]] = [("metadata", metadata)]
    for _ in range(DEEPEST + 1):
        found += [FieldError(path, fault) for path, value in level if (fault := _fault(value)) is not None]
        level = [member for path, value in level for member in _members(path, value)]
    if level:
        found.append(FieldError("metadata", f"must be at most {DEEPEST} levels deep; flatten it"))
    if not found and len(_encoder.encode(metadata)) > LARGEST:
        found.append(FieldError("metadata", f"must be at most {LARGEST} bytes as JSON; keep less in it"))
    return found


def _members(path: str, value: object) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [(f"{path}.{shown(name)}", member) for name, member in value.items()]
    if isinstance(value, list):
        return [(f"{path}[{index}]", member) for index, member in enumerate(value)]
    return []


def _fault(value: object) -> str | None:
    """What is wrong with a value, its members apart."""
    match value:
        case str():
            return _text_fault(value)
        case dict():
            return next((fault for name in value if (fault := _text_fault(name)) is not None), None)
        case bool() | None | list():
            return None
        case int() | float() | Decimal():
            return _number_fault(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))
        case _:
            return "is not a JSON value; send text, a number, true, false, null, an object or an array"


def _text_fault(string: object) -> str | None:
    if not isinstance(string, str):
        return "has a name that is not text; JSON has no other"
    if not storable(string):
        return NOT_STORABLE
    return CARD_NUMBER if card_numbers.contained_in(string) else None


def _number_fault(number: Decimal) -> str | None:
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        return "is a number that is too large or too close to 0; send it as text"
    return CARD_NUMBER if card_numbers.contained_in(f"{number:f}") else None
