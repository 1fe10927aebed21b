"""Mappings as they are typed, and how they meet the columns of a file."""

import pytest

from riskengine.domain.errors import ConfigurationError
from riskengine.lab.mapping import ColumnMapping

PRESENT = ("account_id", "amount", "currency", "occurred_at", "shop")


def test_columns_and_constants_are_told_apart() -> None:
    mapping = ColumnMapping.parse(["account_id=CUSTOMER", "currency=:EUR", "merchant=a=b"])

    assert mapping == ColumnMapping({"account_id": "CUSTOMER", "merchant": "a=b"}, {"currency": "EUR"})


@pytest.mark.parametrize("pair", ["amount", "amount=", "=column", "acount_id=CUSTOMER"])
def test_what_is_no_mapping_is_refused(pair: str) -> None:
    with pytest.raises(ConfigurationError):
        ColumnMapping.parse([pair])


def test_what_is_mapped_later_wins_over_the_base() -> None:
    base = ColumnMapping({"account_id": "A", "amount": "B"}, {"currency": "EUR"})

    over = ColumnMapping.parse(["currency=C", "amount=:1"]).over(base)

    assert over == ColumnMapping({"account_id": "A", "currency": "C"}, {"amount": "1"})


def test_fields_without_a_mapping_have_columns_of_their_own_name() -> None:
    resolved = ColumnMapping({"merchant": "shop"}, {"currency": "EUR"}).resolve(PRESENT)

    assert resolved == {
        "account_id": "account_id",
        "amount": "amount",
        "occurred_at": "occurred_at",
        "merchant": "shop",
    }


@pytest.mark.parametrize(
    ("mapping", "missing"),
    [(ColumnMapping({"merchant": "store"}), "store"), (ColumnMapping({"ip": "address"}), "address")],
)
def test_a_mapped_column_that_is_not_there_is_named(mapping: ColumnMapping, missing: str) -> None:
    with pytest.raises(ConfigurationError, match=f"no column '{missing}'.*shop"):
        mapping.resolve(PRESENT)


def test_a_required_field_without_a_column_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"no column 'currency'.*--map"):
        ColumnMapping().resolve(("account_id", "amount", "occurred_at"))
