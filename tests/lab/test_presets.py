"""The presets, on the public data sets where these lie beside the repository."""

from collections.abc import Callable
from pathlib import Path

import pytest

from riskengine.domain.errors import ConfigurationError
from riskengine.lab.mapping import ColumnMapping
from riskengine.lab.presets import preset
from riskengine.lab.reading import Reading, Record

DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture
def read() -> Callable[[str, int], list[Record]]:
    def read(name: str, limit: int) -> list[Record]:
        path = DATA / f"{name}_transactions.parquet"
        if not path.is_file():
            pytest.skip(f"the data set {path.name} is not here")
        return list(Reading(path, ColumnMapping(), preset(name), skip_bad=True).records(limit))

    return read


def test_handbook_has_places_of_its_terminals(read: Callable[[str, int], list[Record]]) -> None:
    records = read("handbook", 2000)

    first = records[0].submission.transaction
    assert (first.account_id, str(first.amount), first.currency, first.country) == ("596", "57.16", "EUR", "BE")
    assert (first.merchant, first.channel, first.occurred_at) == ("3156", "pos", 1_522_540_831_000)
    latitudes = [record.submission.transaction.latitude for record in records]
    assert all(latitude is not None and 0 <= latitude <= 10 for latitude in latitudes)
    assert {record.label for record in records} >= {"legitimate"}
    assert records[1].reference == "1"


def test_sparkov_card_numbers_never_leave_the_file(read: Callable[[str, int], list[Record]]) -> None:
    records = read("sparkov", 500)

    assert all(len(r.submission.transaction.account_id) == 32 for r in records)
    assert "3537416724342666" not in str(records)
    assert {r.submission.transaction.channel for r in records} == {"online", "pos"}


def test_retail_amounts_are_in_the_minor_units_of_their_currency(read: Callable[[str, int], list[Record]]) -> None:
    records = read("retail", 2000)

    by_reference = {record.reference: record.submission.transaction for record in records}
    assert str(by_reference["38"].amount) == "50.345"
    assert by_reference["38"].currency == "KWD"
    assert {t.channel for t in by_reference.values()} == {"online", "pos"}


def test_an_unknown_preset_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match="handbook, sparkov, retail"):
        preset("kaggle")
