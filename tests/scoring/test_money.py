"""Amounts in one currency, to the cent."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskengine.domain.errors import ConfigurationError
from riskengine.scoring import money
from riskengine.scoring.money import MISSING
from tests.scoring.stories import ENGINE

RATES = ENGINE.rates


@given(
    st.decimals(Decimal("0.0001"), Decimal(10**13), places=4),
    st.sampled_from(sorted(RATES.rates)),
)
def test_an_amount_is_converted_exactly_and_rounded_once(amount: Decimal, currency: str) -> None:
    exact = Fraction(amount) * 100 / Fraction(RATES.rates[currency])

    assert RATES.to_minor(amount, currency) == round(exact)


@pytest.mark.parametrize(
    ("amount", "minor"), [("0.005", 0), ("0.015", 2), ("0.025", 2), ("0.0251", 3), ("1E+3", 100_000)]
)
def test_a_tie_goes_to_the_even_cent(amount: str, minor: int) -> None:
    assert RATES.to_minor(Decimal(amount), "EUR") == minor


def test_a_currency_without_a_rate_has_no_amount() -> None:
    assert RATES.to_minor(Decimal(5), "XXX") == MISSING


def test_forty_currencies_and_more_have_a_rate() -> None:
    assert len(RATES.rates) >= 40
    assert RATES.base == "EUR"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{version: 1, as_of: 2026-01-02, base: EUR, rates: {EUR: '1', USD: '0'}}", "rate of USD is 0"),
        ("{version: 1, as_of: 2026-01-02, base: EUR, rates: {EUR: '1', USD: 'NaN'}}", "rate of USD is NaN"),
        ("{version: 1, as_of: 2026-01-02, base: EUR, rates: {USD: '1.1'}}", "1 EUR is 1 EUR"),
        ("{version: 1, base: EUR, rates: {EUR: '1'}}", "as_of"),
        ("{", "cannot be read"),
    ],
)
def test_a_wrong_table_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        money.load(text)
