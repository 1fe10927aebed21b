"""The form of messages, and what is none."""

import msgspec
import pytest

from riskengine.domain.errors import Malformed
from riskengine.streaming import messages
from tests import factories


def test_a_message_carries_the_transaction_exactly() -> None:
    # Given a transaction with an amount that no float holds
    given = factories.transaction(
        amount="9999999999999.99", latitude=50.1, longitude=-4.2, merchant="Ærø", channel="atm", card_bin="456712"
    )
    # When it goes through the codec, then it is the same
    assert messages.decode(messages.encode(given)) == given


def test_a_message_from_before_a_field_was_added_is_still_read() -> None:
    # Given a message without the field that was added last
    given = factories.transaction(merchant="Ærø", beneficiary="b")
    whole = msgspec.msgpack.decode(messages.encode(given)[1:])
    older = messages.encode(given)[:1] + msgspec.msgpack.encode(whole[:-1])
    # When it is read, then the field is absent
    assert messages.decode(older) == given
    assert len(whole) == len(given.__struct_fields__)


def test_this_version_and_the_next_read_each_others_messages() -> None:
    # Given a message of the next version, which has one field more
    given = factories.transaction(merchant="Ærø", card_bin="456712")
    fields = msgspec.msgpack.decode(messages.encode(given)[1:])
    newer = bytes([messages.VERSION + 1]) + msgspec.msgpack.encode([*fields, "what a later version knows"])
    # When this version reads it, then it is the same transaction
    assert messages.decode(newer) == given
    # And when the next version, which has a default for it, reads ours, then it is too
    assert messages.VERSION in range(messages.READABLE[0], messages.VERSION + 2)
    later = msgspec.defstruct(
        "Later",
        [*_fields(type(given)), ("whatever", str | None, None)],
        array_like=True,
    )
    read = msgspec.msgpack.decode(messages.encode(given)[1:], type=later)
    assert (read.transaction_id, read.card_bin, read.whatever) == (given.transaction_id, "456712", None)


def test_a_version_after_the_next_is_told_apart_from_rubbish() -> None:
    body = bytes([messages.VERSION + 2]) + messages.encode(factories.transaction())[1:]
    with pytest.raises(messages.UnknownVersion, match=f"schema version {messages.VERSION + 2}"):
        messages.decode(body)


def _fields(struct: type[msgspec.Struct]) -> list[tuple[str, object, object]]:
    return [
        (field.name, field.type, *([] if field.required else [field.default]))
        for field in msgspec.structs.fields(struct)
    ]


@pytest.mark.parametrize("body", [b"", b"\x01", b"\x02\x90", b"\x01\xff\xff", b"garbage", b"\x01\x93\x01\x02\x03"])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        messages.decode(body)
