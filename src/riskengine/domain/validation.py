"""Judging what clients send: from JSON (or a file's values) to submissions, or to every fault with its path."""

import socket
from collections.abc import Callable, Generator, Iterator, Sequence
from decimal import Decimal
from hashlib import blake2b
from operator import attrgetter
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from riskengine.domain import card_numbers, clock, countries, currencies, ids, shape
from riskengine.domain import metadata as free
from riskengine.domain.errors import FieldError, InvalidInput
from riskengine.domain.payload import LONGEST_KEY, Payload
from riskengine.domain.shape import Shape
from riskengine.domain.transaction import Submission, Transaction

LARGEST_AMOUNT = 10**13
"""In any currency: beyond it, it is a mistake."""

Item = TypeVar("Item")
Result = TypeVar("Result")

LARGEST_BATCH = 1000
"""Transactions in one request."""

TURN = 50
"""Transactions of a batch that are judged without a break: about a millisecond."""

MOST_AHEAD = 5 * clock.MINUTE
"""How far a client's clock may be ahead of ours."""

KEY_HEADER = "Idempotency-Key"

_READ_BY_PEOPLE: Final = ("merchant", "merchant_category", "location")
_TEXTS: Final = ("account_id", *_READ_BY_PEOPLE, "device_id", "beneficiary", "idempotency_key")
"""Fields of text; ids among them are opaque, and may be any digits."""

_read_by_people = attrgetter(*_READ_BY_PEOPLE)
_texts_of = attrgetter(*_TEXTS)
_OWN_FORM: Final = ("transaction_id", "amount", "occurred_at", "ip", "card_bin")
_as_sent = attrgetter(*(name for name in Transaction.__struct_fields__ if name not in _OWN_FORM))
"""The fields that a transaction has as the client sent them; the others have one form of their own."""

_UNITS = {places: Decimal(1).scaleb(-places) for places in set(currencies.PLACES.values())}
_NOTHING: dict[str, Any] = dict.fromkeys(Payload.__struct_fields__)


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Transactions that are stored together or not at all."""

    transactions: Annotated[
        list[Payload],
        Meta(
            min_length=1,
            max_length=LARGEST_BATCH,
            description=f"what is stored together or not at all: an array of 1 to {LARGEST_BATCH} transactions",
        ),
    ]


_payloads = Shape(Payload)
_batches = Shape(Batch)
_encoder = msgspec.msgpack.Encoder(decimal_format="string")


class Draft(msgspec.Struct, gc=False):
    """What was read of one transaction. Fields that are not right are None in the payload, and named in the faults."""

    payload: Payload
    faults: list[FieldError]


def submission(body: bytes, now_ms: int, header_key: str | None = None) -> Submission:
    """The transaction in a request's body; `header_key` is the idempotency key if a header gave one.

    Raises Malformed if the body is not JSON, and InvalidInput that names every fault.
    """
    try:
        draft = Draft(_payloads.decoder.decode(body), [])
    except (ValueError, RecursionError):  # whatever it is, the slow way names it
        draft = _draft(shape.from_json(body))
    return _submission(draft, now_ms, header_key)


def from_values(values: object, now_ms: int, header_key: str | None = None) -> Submission:
    """The same of values as JSON has them (times are text). Raises InvalidInput."""
    return _submission(_draft(values), now_ms, header_key)


def batch(body: bytes, now_ms: int) -> Generator[None, None, list[Submission]]:
    """The transactions in the body of a batch, as what the generator returns in the end.

    It stops every TURN transactions for others to have a turn. Raises Malformed, and InvalidInput that names every
    fault of each.
    """
    try:
        drafts = [Draft(payload, []) for payload in _batches.decoder.decode(body).transactions]
    except (ValueError, RecursionError):
        drafts = yield from _in_turns(_draft, _items(shape.from_json(body)))
    found = yield from _in_turns(lambda draft: _faults(draft, now_ms), drafts)
    faults = [fault for index, some in enumerate(found) for fault in shape.within(f"transactions[{index}]", some)]
    if faults:
        raise InvalidInput(tuple(faults))
    return (yield from _in_turns(lambda draft: _accepted(draft.payload, now_ms, None), drafts))


def _in_turns(work: Callable[[Item], Result], items: Sequence[Item]) -> Generator[None, None, list[Result]]:
    done: list[Result] = []
    for start in range(0, len(items), TURN):
        yield
        done += map(work, items[start : start + TURN])
    return done


def _items(value: object) -> list[object]:
    if isinstance(value, dict) and isinstance(items := value.get("transactions"), list) and len(value) == 1:
        if 0 < len(items) <= LARGEST_BATCH:
            return items
        raise InvalidInput((FieldError("transactions", f"must be {_batches.wanted('transactions')}"),))
    raise InvalidInput(tuple(_batches.read(value).faults))


def _draft(value: object) -> Draft:
    try:
        return Draft(msgspec.convert(value, Payload), [])
    except (ValueError, ArithmeticError):
        reading = _payloads.read(value)
        return Draft(Payload(**(_NOTHING | reading.right)), reading.faults)


def _submission(draft: Draft, now_ms: int, header_key: str | None) -> Submission:
    faults = _faults(draft, now_ms)
    if header_key is not None:
        faults += _header_faults(header_key, draft.payload.idempotency_key)
    if faults:
        raise InvalidInput(tuple(faults))
    return _accepted(draft.payload, now_ms, header_key)


def _header_faults(header_key: str, body_key: str | None) -> Iterator[FieldError]:
    if not 0 < len(header_key) <= LONGEST_KEY or not free.storable(header_key):
        yield FieldError(KEY_HEADER, f"must be text of 1 to {LONGEST_KEY} characters")
    elif body_key is not None and body_key != header_key:
        yield FieldError("idempotency_key", f"differs from the header {KEY_HEADER}; send one of them")


def _faults(draft: Draft, now_ms: int) -> list[FieldError]:
    """Every fault of a draft: those of form, and what the fields that are right in form mean."""
    payload = draft.payload
    found = _amount_faults(payload) + _place_faults(payload) + _text_faults(payload)
    if payload.occurred_at is not None and not 0 <= clock.to_ms(payload.occurred_at) <= now_ms + MOST_AHEAD:
        found.append(_not_wanted("occurred_at"))
    if payload.ip is not None and _canonical_ip(payload.ip) is None:
        found.append(_not_wanted("ip"))
    if payload.metadata is not None:
        found += free.faults(payload.metadata)
    if not draft.faults:
        return found
    named = {fault.path for fault in draft.faults}
    return draft.faults + [fault for fault in found if fault.path not in named]


def _amount_faults(payload: Payload) -> list[FieldError]:
    amount, currency = payload.amount, payload.currency
    found = []
    places = currencies.places(currency)
    if places is None and currency is not None:
        found.append(_not_wanted("currency"))
    if amount is None:
        return found
    if not amount.is_finite() or not 0 < amount <= LARGEST_AMOUNT:
        found.append(_not_wanted("amount"))
    elif places is not None and _in_places(amount, places) != amount:
        found.append(FieldError("amount", f"must have at most {places} decimal places, as {currency} has; round it"))
    return found


def _place_faults(payload: Payload) -> list[FieldError]:
    latitude, longitude = payload.latitude, payload.longitude
    found = []
    if payload.country is not None and payload.country not in countries.CODES:
        found.append(_not_wanted("country"))
    if latitude is not None and not -90 <= latitude <= 90:
        found.append(_not_wanted("latitude"))
    if longitude is not None and not -180 <= longitude <= 180:
        found.append(_not_wanted("longitude"))
    if (latitude is None) != (longitude is None):
        missing, given = ("latitude", "longitude") if latitude is None else ("longitude", "latitude")
        found.append(FieldError(missing, f"is missing; send it together with {given}, or neither"))
    return found


def _text_faults(payload: Payload) -> list[FieldError]:
    found = []
    if not free.storable("".join(filter(None, _texts_of(payload)))):
        bad = [name for name, text in zip(_TEXTS, _texts_of(payload), strict=True) if text and not free.storable(text)]
        found += [FieldError(name, free.NOT_STORABLE) for name in bad]
    for name, text in zip(_READ_BY_PEOPLE, _read_by_people(payload), strict=True):
        if text is not None and card_numbers.contained_in(text):
            found.append(FieldError(name, free.CARD_NUMBER))
    return found


def _not_wanted(name: str) -> FieldError:
    return FieldError(name, f"must be {_payloads.wanted(name)}")


def _in_places(amount: Decimal, places: int) -> Decimal:
    return amount.quantize(_UNITS[places])


def _canonical_ip(text: str) -> str | None:
    """The address in its one usual form (RFC 5952 for IPv6); None if it is none."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, text))
    except (OSError, ValueError):
        return None


def _accepted(payload: Payload, now_ms: int, header_key: str | None) -> Submission:
    """The submission of a faultless payload."""
    transaction_id = ids.new(now_ms)
    amount = _in_places(payload.amount, currencies.PLACES[payload.currency])
    occurred_at = None if payload.occurred_at is None else clock.to_ms(payload.occurred_at)
    metadata = None if payload.metadata is None else free.text(payload.metadata)
    transaction = Transaction(
        transaction_id=transaction_id,
        account_id=payload.account_id,
        amount=amount,
        currency=payload.currency,
        occurred_at=now_ms if occurred_at is None else occurred_at,
        merchant=payload.merchant,
        merchant_category=payload.merchant_category,
        location=payload.location,
        latitude=payload.latitude,
        longitude=payload.longitude,
        country=payload.country,
        channel=payload.channel,
        device_id=payload.device_id,
        ip=None if payload.ip is None else _canonical_ip(payload.ip),
        beneficiary=payload.beneficiary,
        card_bin=payload.card_bin,
    )
    sent = (amount, occurred_at, metadata, transaction.ip, _as_sent(payload))
    # A field that came later is content only where it is sent: the digests of old requests stay as they are.
    content = _encoder.encode(sent if payload.card_bin is None else (*sent, payload.card_bin))
    return Submission(
        transaction=transaction,
        idempotency_key=header_key or payload.idempotency_key or str(transaction_id),
        content=blake2b(content, digest_size=16).digest(),
        metadata=metadata,
    )
