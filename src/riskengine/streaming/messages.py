"""The form of a message: one byte of schema version, then the transaction in MessagePack.

A version may only add fields to the end of Transaction, with defaults. So a worker reads the messages of the version
before (without the new fields), of its own, and of the next (whose new fields it does not look at): in a rolling
upgrade both read what the other writes. What is further away, and what is none, is Malformed.

What a message says of traces lies beside it, and is no part of this form: see `redis_stream.TRACE`.
"""

import msgspec

from riskengine.domain.errors import Malformed
from riskengine.domain.transaction import Transaction
from riskengine.streaming.queue import Outgoing
from riskengine.telemetry.origin import Origin

VERSION = 1
"""The schema that this version of the engine writes."""

READABLE = range(1, VERSION + 2)
"""The schemas that it reads."""

_PREFIX = bytes([VERSION])
_PREFIXES = frozenset(bytes([version]) for version in READABLE)
_encoder = msgspec.msgpack.Encoder(decimal_format="string")
_decoder = msgspec.msgpack.Decoder(Transaction)


class UnknownVersion(Malformed):
    """The message is of a schema that is not read here."""


def encode(transaction: Transaction) -> bytes:
    """The transaction as a message's body."""
    return _PREFIX + _encoder.encode(transaction)


def outgoing(transaction: Transaction, origin: Origin | None = None) -> Outgoing:
    """The transaction as it is published; `origin` if it is traced."""
    return Outgoing(transaction.account_id, encode(transaction), origin)


def decode(body: bytes) -> Transaction:
    """The transaction in a message's body. Raises Malformed if it is none, and UnknownVersion."""
    if body[:1] not in _PREFIXES:
        version = body[0] if body else "none"
        raise UnknownVersion(f"the message has schema version {version}; this worker reads up to {READABLE[-1]}")
    try:
        return _decoder.decode(memoryview(body)[1:])
    except msgspec.DecodeError as error:
        raise Malformed(f"the message is not a transaction: {error}") from error
