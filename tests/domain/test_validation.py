"""What clients send is taken exactly, or refused with the path of every fault."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskengine.domain import clock, validation
from riskengine.domain.errors import InvalidInput, Malformed
from riskengine.domain.payload import Payload
from riskengine.domain.transaction import Submission

NOW = 1_763_733_787_292  # 2025-11-21T14:03:07.292Z
PLAIN: dict[str, Any] = {"account_id": "alice", "amount": "12.50", "currency": "EUR"}
CARD = "4111 1111 1111 1111"


def body(**changes: Any) -> bytes:
    return json.dumps(PLAIN | changes).encode()


def batch(sent: bytes, now_ms: int) -> list[Submission]:
    """What a batch holds, read without a break."""
    reading = validation.batch(sent, now_ms)
    while True:
        try:
            next(reading)
        except StopIteration as end:
            submissions: list[Submission] = end.value
            return submissions


def paths(sent: bytes, header_key: str | None = None) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        validation.submission(sent, NOW, header_key)
    return sorted(field.path for field in caught.value.fields)


def test_every_field_arrives_as_it_was_sent() -> None:
    sent = {
        "merchant": "Café Ørsted",
        "merchant_category": "5812",
        "location": "Brussels",
        "latitude": 50.85,
        "longitude": 4,
        "country": "BE",
        "channel": "pos",
        "device_id": "d1",
        "ip": "2001:DB8:0::1",
        "beneficiary": "b1",
        "card_bin": "45671234",
        "occurred_at": "2025-11-21T15:03:07.25+01:00",
        "metadata": {"b": [1, None, True], "a": 0.10},
        "idempotency_key": "order-1",
    }
    submission = validation.submission(body(**sent), NOW)

    transaction = submission.transaction
    same = sent.keys() - {"ip", "occurred_at", "metadata", "idempotency_key"}
    assert {name: getattr(transaction, name) for name in same} == {name: sent[name] for name in same}
    assert transaction.amount == Decimal("12.50")
    assert transaction.ip == "2001:db8::1"
    assert clock.to_datetime(transaction.occurred_at).isoformat() == "2025-11-21T14:03:07.250000+00:00"
    assert transaction.created_at == NOW
    assert submission.metadata == '{"a":0.1,"b":[1,null,true]}'
    assert submission.idempotency_key == "order-1"


def test_defaults_are_now_and_the_transactions_own_id() -> None:
    submission = validation.submission(body(), NOW)
    assert submission.transaction.occurred_at == NOW
    assert submission.idempotency_key == str(submission.transaction.transaction_id)


@pytest.mark.parametrize("amount", ["10", "10.0", "10.00", "1e1", "10.000000000000000000000000000000000000"])
def test_an_amount_is_the_same_however_it_is_written(amount: str) -> None:
    reference = validation.submission(body(amount="10.00"), NOW)
    for sent in (body(amount=amount), b'{"account_id":"alice","currency":"EUR","amount":%s}' % amount.encode()):
        submission = validation.submission(sent, NOW + 5)
        assert str(submission.transaction.amount) == "10.00"
        assert submission.content == reference.content


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "12.51"},
        {"account_id": "bob"},
        {"currency": "USD"},
        {"merchant": "x"},
        {"beneficiary": "x"},
        {"card_bin": "456712"},
        {"ip": "192.0.2.1"},
        {"occurred_at": "2025-11-21T14:00:00Z"},
        {"metadata": {}},
    ],
)
def test_other_content_has_another_digest(changes: dict[str, Any]) -> None:
    assert validation.submission(body(**changes), NOW).content != validation.submission(body(), NOW).content


def test_the_digest_of_requests_without_the_fields_that_came_later_stays_what_it_was() -> None:
    # Given the digest that the first version stored for this request
    stored = "beed54b694892739d6bfb564b3aa38b0"
    # Then sent again it is a replay, no conflict
    assert validation.submission(body(), NOW).content.hex() == stored


def test_the_key_and_the_order_of_metadata_are_not_content() -> None:
    one = validation.submission(body(metadata={"a": 1, "b": 2}, idempotency_key="k"), NOW)
    other = validation.submission(body(metadata={"b": 2, "a": 1}), NOW, "another")
    assert one.content == other.content
    assert other.idempotency_key == "another"


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("JPY", "10"), ("JPY", "10.00"), ("KWD", "1.234"), ("CLF", "1.2345"), ("EUR", "10000000000000"), ("EUR", "0.01")],
)
def test_amounts_may_have_the_places_of_their_currency(currency: str, amount: str) -> None:
    submission = validation.submission(body(currency=currency, amount=amount), NOW)
    assert submission.transaction.amount == Decimal(amount)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"amount": 0}, ["amount"]),
        ({"amount": "-1"}, ["amount"]),
        ({"amount": "NaN"}, ["amount"]),
        ({"amount": "sNaN"}, ["amount"]),
        ({"amount": "Infinity"}, ["amount"]),
        ({"amount": "1E+400"}, ["amount"]),
        ({"amount": "1E-400"}, ["amount"]),
        ({"amount": "10000000000000.01"}, ["amount"]),
        ({"amount": "10.001"}, ["amount"]),
        ({"amount": "1.5", "currency": "JPY"}, ["amount"]),
        ({"amount": "ten"}, ["amount"]),
        ({"amount": True}, ["amount"]),
        ({"amount": None}, ["amount"]),
        ({"currency": "EURO"}, ["currency"]),
        ({"currency": "XXX"}, ["currency"]),
        ({"currency": 978}, ["currency"]),
        ({"country": "UK"}, ["country"]),
        ({"country": "be"}, ["country"]),
        ({"latitude": 90.1, "longitude": 0}, ["latitude"]),
        ({"latitude": 0, "longitude": -180.5}, ["longitude"]),
        ({"latitude": 1}, ["longitude"]),
        ({"longitude": 1}, ["latitude"]),
        ({"latitude": "50", "longitude": 4}, ["latitude"]),
        ({"occurred_at": "2025-11-21T14:08:07.293Z"}, ["occurred_at"]),
        ({"occurred_at": "1969-12-31T23:59:59Z"}, ["occurred_at"]),
        ({"occurred_at": "2025-11-21T14:00:00"}, ["occurred_at"]),
        ({"occurred_at": "yesterday"}, ["occurred_at"]),
        ({"occurred_at": 1763733787}, ["occurred_at"]),
        ({"account_id": ""}, ["account_id"]),
        ({"account_id": "a" * 129}, ["account_id"]),
        ({"account_id": "a\0b"}, ["account_id"]),
        ({"account_id": 5}, ["account_id"]),
        ({"merchant": "m" * 257}, ["merchant"]),
        ({"merchant": "a\0"}, ["merchant"]),
        ({"idempotency_key": ""}, ["idempotency_key"]),
        ({"idempotency_key": "k" * 256}, ["idempotency_key"]),
        ({"channel": "web"}, ["channel"]),
        ({"ip": "192.0.2.256"}, ["ip"]),
        ({"ip": "192.0.2.01"}, ["ip"]),
        ({"ip": "fe80::1%eth0"}, ["ip"]),
        ({"ip": "localhost\0"}, ["ip"]),
        ({"card_bin": "41111"}, ["card_bin"]),
        ({"card_bin": "411111111"}, ["card_bin"]),
        ({"card_bin": "4111-1111"}, ["card_bin"]),
        ({"card_bin": "411111\n"}, ["card_bin"]),
        ({"card_bin": "٤١١١١١"}, ["card_bin"]),
        ({"card_bin": 411111}, ["card_bin"]),
        ({"metadata": []}, ["metadata"]),
        ({"metadata": "{}"}, ["metadata"]),
        ({"metadata": {"a": "x" * 4096}}, ["metadata"]),
        ({"metadata": {"a": [{"b": "\0"}]}}, ["metadata.a[0].b"]),
        ({"metadata": {"\0": 1}}, ["metadata"]),
        ({"merchant": f"Shop {CARD}"}, ["merchant"]),
        ({"location": CARD.replace(" ", "-")}, ["location"]),
        ({"metadata": {"note": ["ok", CARD]}}, ["metadata.note[1]"]),
        ({"metadata": {"n": 4111111111111111}}, ["metadata.n"]),
        ({"metadata": {"n": 4.111111111111111e15}}, ["metadata.n"]),
        ({"metadata": {CARD: {"x": CARD}}}, ["metadata", "metadata.*.x"]),
        ({"acount_id": "x"}, ["acount_id"]),
        ({CARD: 1}, ["*"]),
        (
            {"amount": -1, "currency": "EUR", "country": "??", "merchant": 5, "zz": 1, "latitude": 100},
            ["amount", "country", "latitude", "longitude", "merchant", "zz"],
        ),
    ],
)
def test_every_fault_is_named(changes: dict[str, Any], expected: list[str]) -> None:
    assert paths(body(**changes)) == expected


def test_missing_fields_are_named_and_so_is_what_is_no_object() -> None:
    assert paths(b"{}") == ["account_id", "amount", "currency"]
    assert paths(b"[]") == paths(b"5") == paths(b"null") == ["$"]


def test_numbers_beyond_all_bounds_are_faults_where_they_stand() -> None:
    huge = b"1e" + b"9" * 25
    assert paths(b'{"account_id":"a","currency":"EUR","amount":%s}' % huge) == ["amount"]
    assert paths(body(metadata={"a": {"b": "N"}}).replace(b'"N"', huge)) == ["metadata.a.b"]
    assert paths(body(metadata={"a": {"b": "N"}}).replace(b'"N"', b"1e400")) == ["metadata.a.b"]
    assert paths(body(latitude="N", longitude=1).replace(b'"N"', b"1e400")) == ["latitude"]


def test_metadata_may_be_sixteen_levels_deep() -> None:
    def nested(levels: int) -> dict[str, Any]:
        return {} if levels == 1 else {"a": nested(levels - 1)}

    assert validation.submission(body(metadata=nested(16) | {"b": 1}), NOW).metadata is not None
    assert paths(body(metadata=nested(18))) == ["metadata"]


def test_opaque_ids_may_look_like_card_numbers() -> None:
    digits = CARD.replace(" ", "")
    sent = body(account_id=digits, device_id=digits, beneficiary=digits, idempotency_key=digits)
    assert validation.submission(sent, NOW).transaction.account_id == digits


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{",
        b'{"account_id": }',
        b"\xff",
        b'{"account_id":"\xed\xa0\x80"}',
        rb'{"account_id":"\ud800"}',
        rb'{"metadata":{"x":"\udfff"}}',
        b"[" * 10_000,
        b'{"metadata":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001,
        b'{"metadata":{"n":' + b"9" * 5_000 + b"}}",
        b"NaN",
    ],
)
def test_what_is_not_json_is_malformed(sent: bytes) -> None:
    with pytest.raises(Malformed):
        validation.submission(sent, NOW)


def test_no_message_repeats_a_card_number() -> None:
    with pytest.raises(InvalidInput) as caught:
        validation.submission(body(merchant=CARD, currency=CARD, metadata={CARD: CARD}, **{CARD: 1}), NOW)
    assert "1111" not in str(msgspec.json.encode(caught.value.fields))


def test_the_key_in_the_header_must_agree_with_the_body() -> None:
    assert validation.submission(body(idempotency_key="k"), NOW, "k").idempotency_key == "k"
    assert paths(body(idempotency_key="k"), "other") == ["idempotency_key"]
    for wrong in ("", "k" * 256, "\udcff"):
        assert paths(body(), wrong) == ["Idempotency-Key"]


def test_a_batch_names_every_bad_item() -> None:
    items = [PLAIN, PLAIN | {"amount": 0}, 5, PLAIN | {"currency": 1, "zz": 2}]
    with pytest.raises(InvalidInput) as caught:
        batch(json.dumps({"transactions": items}).encode(), NOW)
    assert [field.path for field in caught.value.fields] == [
        "transactions[1].amount",
        "transactions[2]",
        "transactions[3].currency",
        "transactions[3].zz",
    ]


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"transactions": []}, "transactions"),
        ({"transactions": [PLAIN] * 1001}, "transactions"),
        ({"transactions": "x"}, "transactions"),
        ({"transactions": [PLAIN], "atomic": True}, "atomic"),
        ({}, "transactions"),
        ([PLAIN], "$"),
    ],
)
def test_a_batch_has_one_to_a_thousand_items(sent: object, path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        batch(json.dumps(sent).encode(), NOW)
    assert [field.path for field in caught.value.fields] == [path]


def test_a_batch_gives_submissions_in_order() -> None:
    sent = {"transactions": [PLAIN | {"account_id": f"a{n}"} for n in range(1000)]}
    submissions = batch(json.dumps(sent).encode(), NOW)
    assert [submission.transaction.account_id for submission in submissions] == [f"a{n}" for n in range(1000)]


def test_a_long_batch_gives_others_their_turn_while_it_is_read() -> None:
    sent = json.dumps({"transactions": [PLAIN] * 1000}).encode()
    breaks = sum(1 for _ in validation.batch(sent, NOW))
    assert breaks >= 1000 // validation.TURN


_exact = st.none() | st.booleans() | st.integers() | st.text() | st.just(CARD)
_values = st.recursive(
    _exact | st.floats(allow_nan=False, allow_infinity=False),
    lambda members: st.lists(members, max_size=4) | st.dictionaries(st.text(max_size=6), members, max_size=4),
    max_leaves=12,
)
_bodies = _values | st.dictionaries(st.sampled_from(Payload.__struct_fields__), _values)


@settings(max_examples=400)
@given(_bodies)
def test_no_json_is_answered_with_anything_but_a_submission_or_a_fault(value: object) -> None:
    sent = json.dumps({"transactions": [value]}).encode()
    for read in (validation.submission, batch):
        for text in (json.dumps(value).encode(), sent):
            try:
                read(text, NOW)
            except (InvalidInput, Malformed):
                continue


@settings(max_examples=400)
@given(st.binary(max_size=60))
def test_no_bytes_are_answered_with_anything_but_a_fault(sent: bytes) -> None:
    with pytest.raises((InvalidInput, Malformed)):
        validation.submission(sent, NOW)


@given(
    st.fixed_dictionaries(
        {},
        optional={name: _exact | st.floats(-200, 200) for name in Payload.__struct_fields__ if name != "metadata"}
        | {"metadata": st.dictionaries(st.text(max_size=6), _exact | st.lists(_exact, max_size=3), max_size=4)},
    )
)
def test_the_quick_way_and_the_slow_way_judge_alike(changes: dict[str, object]) -> None:
    def outcome(read: Any, sent: object) -> object:
        try:
            return read(sent, NOW, "key").content
        except InvalidInput as error:
            return error.fields

    sent = body(**changes)
    assert outcome(validation.submission, sent) == outcome(validation.from_values, PLAIN | changes)
