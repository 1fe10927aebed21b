"""Whether an ONNX model reads other files: weights may lie outside of it, at a path that the model names.

The file is walked as protocol buffers are written (tags, varints, lengths), along the messages that lead to tensors,
so that nothing is loaded before this is known and no library is needed.
"""

from collections.abc import Iterator

_KEY = b"location"
"""What external data must be named by: without it a model has none."""

_TENSOR = "tensor"
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_CHILDREN = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "graph": {1: "node", 5: _TENSOR, 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: _TENSOR, 6: "graph", 10: _TENSOR, 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: _TENSOR, 2: _TENSOR},
    "function": {7: "node", 11: "attribute"},
    "training": {1: "graph", 2: "graph"},
}
"""By kind of message: the numbers of the fields that lead to tensors, and what they hold (onnx.proto, IR 3 to 13)."""

_FIXED = {1: 8, 5: 4}
"""Bytes of the wire types of fixed length."""

_VARINT, _BYTES = 0, 2


def has_external_data(model: bytes) -> bool:
    """Whether a tensor of the model lies outside of it. Raises ValueError if it is no ONNX model."""
    if _KEY not in model:
        return False
    view = memoryview(model)
    waiting = [("model", view)]
    while waiting:
        kind, message = waiting.pop()
        for number, value in _fields(message):
            if kind == _TENSOR:
                if number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value):
                    return True
            elif number in _CHILDREN[kind] and isinstance(value, memoryview):
                waiting.append((_CHILDREN[kind][number], value))
    return False


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message: their numbers, and their bytes, or the number that a varint is."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == _BYTES:
            length, at = _varint(message, at)
        elif wire in _FIXED:
            length = _FIXED[wire]
        else:
            raise ValueError(f"wire type {wire}")
        if at + length > len(message):
            raise ValueError("a field is cut off")
        yield number, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """The number that begins here, 7 bits a byte, and where the next thing begins."""
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ValueError("a number is cut off")
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise ValueError("a number has too many bytes")
