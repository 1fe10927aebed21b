"""What lists may hold: their kinds and effects, the fields they look at, and the one form of each value."""

import re
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from riskengine.domain import card_numbers, countries, currencies, metadata, networks
from riskengine.domain.errors import FieldError, InvalidInput
from riskengine.domain.payload import LONGEST_NAME, LONGEST_TEXT

Kind = Literal["text", "country", "network", "bin", "account"]
KINDS: tuple[Kind, ...] = ("text", "country", "network", "bin", "account")

Effect = Literal["none", "block", "allow", "watch"]
EFFECTS: tuple[Effect, ...] = ("none", "block", "allow", "watch")

FIELD_OF_KIND: Mapping[Kind, str] = {
    "country": "country",
    "network": "ip",
    "bin": "card_bin",
    "account": "account_id",
}
"""The field of the transaction that a list of each kind looks at; a list of texts names its own."""

_READ_BY_PEOPLE = ("merchant", "merchant_category", "location")
TEXT_FIELDS = (*_READ_BY_PEOPLE, "device_id", "beneficiary", "currency", "country", "account_id")
"""The fields that a list of texts may look at."""

ENTITY_FIELDS = (*TEXT_FIELDS, "ip", "card_bin")
"""The fields that may tell the entity that a rule is snoozed for."""


class ListDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list: what its values are, the field of a transaction that they are compared with, and what follows by itself.

    `effect`: nothing, or the transaction is blocked, allowed, or watched (reviewed); see docs/lists.md.
    """

    name: str
    kind: Kind
    effect: Effect
    field: str
    description: str = ""


class StarterList(ListDefinition, frozen=True, forbid_unknown_fields=True):
    """A list as it is shipped, with its values."""

    entries: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A value in the form that look-ups use, and when it is on the list no more (ms since the epoch; None: never)."""

    value: str
    expires_at: int | None = None


class Snooze(msgspec.Struct, frozen=True, gc=False):
    """A rule that does not count for one entity, told by a field's value, before `until` (ms since the epoch)."""

    rule_id: str
    field: str
    value: str
    until: int


LONGEST_NOTE = 500
"""Characters of a note, or of a list's description."""

_BIN = re.compile(r"[0-9]{6,8}", re.ASCII)


def value(kind: Kind, field: str, text: str) -> str:
    """The form of an entry that look-ups use. Raises InvalidInput if it is no value for such a list."""
    cut = text.strip()
    try:
        return _FORMS[kind](cut) if kind != "text" else _text(field, cut)
    except InvalidInput:
        raise
    except ValueError as error:
        raise _wrong(str(error)) from None


def entity(field: str, text: str) -> str:
    """The form of a value of a field of ENTITY_FIELDS, as transactions have it. Raises InvalidInput."""
    if field != "ip":
        return value("bin" if field == "card_bin" else "text", field, text)
    found = networks.address(text.strip())
    if found is None:
        raise _wrong("must be one IPv4 or IPv6 address")
    return str(found).partition("/")[0]


def note(text: str) -> str:
    """A note as it is kept. Raises InvalidInput if it is too long, or holds what must not be stored."""
    cut = text.strip()
    if len(cut) > LONGEST_NOTE:
        raise _wrong(f"must be text of at most {LONGEST_NOTE} characters", "note")
    if not metadata.storable(cut):
        raise _wrong(metadata.NOT_STORABLE, "note")
    if card_numbers.contained_in(cut):
        raise _wrong(metadata.CARD_NUMBER, "note")
    return cut


def _wrong(message: str, path: str = "value") -> InvalidInput:
    return InvalidInput((FieldError(path, message),), message)


def _text(field: str, text: str) -> str:
    if field == "country":
        return _country(text)
    if field == "currency":
        return _currency(text)
    longest = LONGEST_NAME if field == "account_id" else LONGEST_TEXT
    if not 0 < len(text) <= longest:
        raise ValueError(f"must be text of 1 to {longest} characters")
    if not metadata.storable(text):
        raise ValueError(metadata.NOT_STORABLE)
    if field in _READ_BY_PEOPLE and card_numbers.contained_in(text):
        raise ValueError(metadata.CARD_NUMBER)
    return text


def _country(text: str) -> str:
    code = text.upper()
    if code not in countries.CODES:
        raise ValueError("must be an ISO 3166-1 alpha-2 code, such as BE")
    return code


def _currency(text: str) -> str:
    code = text.upper()
    if code not in currencies.PLACES:
        raise ValueError("must be an ISO 4217 code, such as EUR")
    return code


def _bin(text: str) -> str:
    if not _BIN.fullmatch(text):
        raise ValueError("must be the first 6 to 8 digits of a card number, and no more")
    return text


_FORMS: Mapping[Kind, Callable[[str], str]] = {
    "country": _country,
    "network": lambda text: str(networks.read(text)),
    "bin": _bin,
    "account": lambda text: _text("account_id", text),
}
