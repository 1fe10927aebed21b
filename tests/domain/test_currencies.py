"""The tables of currencies and countries."""

import pytest

from riskengine.domain import countries, currencies


@pytest.mark.parametrize(("code", "places"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XCG", 2), ("XOF", 0)])
def test_a_currency_has_its_own_places(code: str, places: int) -> None:
    assert currencies.places(code) == places


@pytest.mark.parametrize("code", ["XXX", "XAU", "ABC", "eur", ""])
def test_what_nobody_pays_in_is_no_currency(code: str) -> None:
    assert currencies.places(code) is None


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        currencies.PLACES["EUR"] = 3  # type: ignore[index]


def test_there_are_as_many_countries_as_iso_lists() -> None:
    assert len(countries.CODES) == 249
    assert {"BE", "GB", "XK", "UK"} & countries.CODES == {"BE", "GB"}
