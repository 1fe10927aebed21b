"""Values of files as what a client would have sent."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from riskengine.domain.errors import InvalidInput
from riskengine.lab import values


@pytest.mark.parametrize(
    ("value", "currency", "sent"),
    [
        (12.1, "EUR", Decimal("12.10")),
        (0.1 + 0.2, "EUR", Decimal("0.30")),
        (1e16, "EUR", Decimal("10000000000000000.00")),
        (1200.0, "JPY", Decimal("1200")),
        (7, "EUR", Decimal(7)),
        (Decimal("12.1000"), "EUR", Decimal("12.10")),
        (Decimal("12.1234"), "EUR", Decimal("12.1234")),
        ("12.10", "EUR", "12.10"),
        ("twelve", "EUR", "twelve"),
        (12.345, "unknown", Decimal("12.345")),
    ],
)
def test_amounts_are_exact(value: object, currency: str, sent: object) -> None:
    amount = values.amount(value, currency)

    assert amount == sent
    assert str(amount) == str(sent)


def test_no_float_becomes_an_amount_that_is_no_number() -> None:
    assert str(values.amount(float("nan"), "EUR")) == "NaN"
    assert str(values.amount(float("inf"), "EUR")) == "Infinity"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.5+02:00", datetime(2026, 1, 2, 1, 4, 5, 500_000, tzinfo=UTC)),
        (datetime(2026, 1, 2, 3, 4), datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),  # noqa: DTZ001 - as files have it
        (datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 1, 1, 22, tzinfo=UTC)),
        (date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC)),
        ("yesterday", "yesterday"),
    ],
)
def test_times_without_an_offset_are_utc(value: object, sent: object) -> None:
    assert values.moment(value) == sent


def test_a_payload_leaves_out_what_is_empty_and_writes_names_out() -> None:
    fields = {"account_id": 17, "amount": 5.0, "currency": "EUR", "merchant": "", "ip": None, "latitude": "50.5"}

    assert values.payload(fields) == {
        "account_id": "17",
        "amount": Decimal("5.00"),
        "currency": "EUR",
        "latitude": 50.5,
    }


def test_metadata_may_be_json_text() -> None:
    assert values.metadata('{"order": 7}') == {"order": 7}
    assert values.metadata("{") == "{"


@pytest.mark.parametrize("value", [1, "1", True, "TRUE", "fraud"])
def test_the_usual_words_for_fraud(value: object) -> None:
    assert values.label(value) == "fraud"


@pytest.mark.parametrize("value", [0, "0", False, "legitimate"])
def test_the_usual_words_for_legitimate(value: object) -> None:
    assert values.label(value) == "legitimate"


def test_no_label_is_no_label_and_another_word_is_refused() -> None:
    assert values.label(None) is None
    assert values.label("") is None
    with pytest.raises(InvalidInput):
        values.label("perhaps")


def test_an_attack_called_zero_is_none() -> None:
    assert values.attack(0) is None
    assert values.attack(2) == "2"
    assert values.attack("mule_ring") == "mule_ring"
