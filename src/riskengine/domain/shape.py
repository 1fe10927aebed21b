"""Reading what a client sent into a struct, quickly when it is right and with every fault named when it is not."""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Meta

from riskengine.domain import card_numbers
from riskengine.domain.errors import FieldError, Malformed

Struct = TypeVar("Struct", bound=msgspec.Struct)

WHOLE = "$"
"""The path of the value itself."""

MOST_UNKNOWN = 20
"""Unknown fields that are named of one object; a mistake is clear long before."""

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_BEYOND_ALL = Decimal("1E+999999")


def number(text: str) -> Decimal:
    """A JSON number exactly; one that no Decimal can hold is as large as any, and refused where it stands."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return _BEYOND_ALL


_untyped = msgspec.json.Decoder(float_hook=number)


def from_json(body: bytes) -> Any:
    """The JSON value, with decimals where it has fractions. Raises Malformed if the body is not JSON in UTF-8."""
    try:
        return _untyped.decode(body)
    except RecursionError:
        raise Malformed("the JSON is nested too deeply; flatten it") from None
    except ValueError:  # msgspec.DecodeError, UnicodeDecodeError, and integers of thousands of digits
        raise Malformed("the body is not valid JSON in UTF-8; check quotes, commas and escapes") from None


def shown(name: str) -> str:
    """A client's name for a field, fit for an answer: one that is long, odd or holds a card number is not repeated."""
    return name if _PLAIN_NAME.fullmatch(name) and not card_numbers.contained_in(name) else "*"


def within(path: str, faults: Iterable[FieldError]) -> list[FieldError]:
    """The faults of a part, with paths from the whole."""
    return [FieldError(path if f.path == WHOLE else f"{path}.{f.path}", f.message) for f in faults]


class Reading(msgspec.Struct, frozen=True):
    """The fields that are right, and the faults of the others."""

    right: dict[str, Any]
    faults: list[FieldError]


class Shape(Generic[Struct]):
    """How objects are read into a struct type, whose fields' descriptions say after a colon what each must be."""

    def __init__(self, struct: type[Struct]) -> None:
        hints = get_type_hints(struct, include_extras=True)
        self._fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
        self._hints = {sent: hints[field.name] for sent, field in self._fields.items()}
        self._wanted = {sent: _wanted(hint) for sent, hint in self._hints.items()}
        self.decoder = msgspec.json.Decoder(struct, float_hook=number)

    def wanted(self, name: str) -> str:
        """What a field must be, in words."""
        return self._wanted[name]

    def read(self, value: object) -> Reading:
        """Takes what is right of a JSON value, and names what is not, with paths within the value."""
        if not isinstance(value, dict):
            return Reading({}, [FieldError(WHOLE, "must be a JSON object")])
        right: dict[str, Any] = {}
        faults = []
        for name, field in self._fields.items():
            if name not in value:
                if field.required:
                    faults.append(FieldError(name, f"is missing; it must be {self._wanted[name]}"))
                continue
            try:
                right[field.name] = msgspec.convert(value[name], self._hints[name])
            except (msgspec.ValidationError, ArithmeticError, ValueError):
                faults.append(FieldError(name, f"must be {self._wanted[name]}"))
        return Reading(right, faults + self._unknown(value))

    def _unknown(self, value: dict[str, Any]) -> list[FieldError]:
        names = [name for name in value if name not in self._fields]
        faults = [
            FieldError(shown(name), "is not a field of this object; correct or remove it")
            for name in names[:MOST_UNKNOWN]
        ]
        if len(names) > MOST_UNKNOWN:
            faults.append(FieldError(WHOLE, f"has {len(names) - MOST_UNKNOWN} more unknown fields"))
        return faults


def _wanted(hint: object) -> str:
    """What a field's description says after its colon."""
    for part in (hint, *get_args(hint)):
        for meta in getattr(part, "__metadata__", ()):
            if isinstance(meta, Meta) and meta.description is not None:
                return meta.description.partition(": ")[2]
    raise TypeError(f"{hint} has no description")
