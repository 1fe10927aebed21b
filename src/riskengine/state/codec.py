"""How values become bytes in the cache, and back."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

Value = TypeVar("Value")

UNREADABLE = (msgspec.MsgspecError, ValueError)
"""What decoding may raise: the bytes are another version's, and as good as missing."""


class Codec(Generic[Value]):
    """Encodes and decodes one type of values. `encode` gives None for a value that is not to be cached."""

    def __init__(self, encode: Callable[[Value], bytes | None], decode: Callable[[bytes], Value]) -> None:
        self.encode = encode
        self._decode = decode

    def decode(self, body: bytes) -> Value | None:
        """The value; None if the bytes cannot be read."""
        try:
            return self._decode(body)
        except UNREADABLE:
            return None


def of(type_: type[Value]) -> Codec[Value]:
    """The codec of a struct, as MessagePack."""
    return Codec(msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(type_).decode)
