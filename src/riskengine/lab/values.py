"""Values as files have them, turned into what a client would have sent: the one validator then judges both alike."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from riskengine.domain import currencies
from riskengine.domain.errors import FieldError, InvalidInput
from riskengine.lab.labelled import Label

_FRAUD = {"1", "1.0", "true", "fraud", "fraudulent", "yes"}
_LEGITIMATE = {"0", "0.0", "false", "legitimate", "genuine", "no"}
_NO_ATTACK = {"0", "none"}


def amount(value: object, currency: object) -> object:
    """An amount as a Decimal or text.

    A binary float stands for its shortest decimal, in the places of its currency: so do most Parquet files keep 12.10.
    A Decimal loses zeros beyond these places, but nothing else.
    """
    places = currencies.places(currency) if isinstance(currency, str) else None
    if isinstance(value, float):
        exact = Decimal(repr(value))
        return round(exact, places) if places is not None and exact.is_finite() else exact
    if isinstance(value, Decimal) and places is not None and value.is_finite() and value == round(value, places):
        return round(value, places)
    return Decimal(value) if isinstance(value, int) else value


def moment(value: object) -> object:
    """A time with an offset. Without one it is UTC; a date is its midnight."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def number(value: object) -> object:
    """A float, from text if need be."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return float(value) if isinstance(value, (int, Decimal)) else value


def text(value: object) -> object:
    """Text; a number that serves as a name is written out."""
    return str(value) if isinstance(value, (int, float, Decimal)) else value


def metadata(value: object) -> object:
    """A JSON object, from its text if need be."""
    if isinstance(value, str):
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            return value
    return value


def label(value: object) -> Label | None:
    """What is known of a transaction, from the usual ways to write it. Raises InvalidInput for another."""
    if value is None or value == "":
        return None
    word = str(value).strip().lower()
    if word in _FRAUD:
        return "fraud"
    if word in _LEGITIMATE:
        return "legitimate"
    raise InvalidInput((FieldError("label", "write fraud or legitimate, 1 or 0, true or false"),))


def attack(value: object) -> str | None:
    """The name of an attack; None for the usual ways to say that there is none."""
    name = "" if value is None else str(value)
    return None if not name or name.lower() in _NO_ATTACK else name


_READERS: dict[str, Callable[[object], object]] = {
    "latitude": number,
    "longitude": number,
    "occurred_at": moment,
    "metadata": metadata,
}


def payload(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields a client would have sent; missing and empty ones are left out."""
    sent = {
        field: _READERS.get(field, text)(value)
        for field, value in fields.items()
        if value is not None and value != "" and field != "amount"
    }
    if fields.get("amount") not in (None, ""):
        sent["amount"] = amount(fields["amount"], sent.get("currency"))
    return sent
