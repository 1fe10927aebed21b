"""The form of a message: one byte of schema version, then the transaction in MessagePack."""

import msgspec

from riskengine.domain.errors import Malformed
from riskengine.domain.transaction import Transaction

VERSION = 1
"""The schema that this version of the engine writes. Fields may be added at the end of Transaction within a version."""

_PREFIX = bytes([VERSION])
_encoder = msgspec.msgpack.Encoder(decimal_format="string")
_decoder = msgspec.msgpack.Decoder(Transaction)


def encode(transaction: Transaction) -> bytes:
    """The transaction as a message's body."""
    return _PREFIX + _encoder.encode(transaction)


def decode(body: bytes) -> Transaction:
    """The transaction in a message's body. Raises Malformed if it is none, or of a version unknown here."""
    if body[:1] != _PREFIX:
        raise Malformed(f"the message has schema version {body[:1].hex() or 'none'}; this worker reads {VERSION}")
    try:
        return _decoder.decode(memoryview(body)[1:])
    except msgspec.DecodeError as error:
        raise Malformed(f"the message is not a transaction: {error}") from error
