"""Months: read, written, counted."""

import pytest

from riskengine.domain.errors import InvalidInput
from riskengine.domain.month import Month


def test_a_month_is_read_and_written_and_counted() -> None:
    month = Month.read("2026-12")

    assert (str(month), month.suffix, str(month.plus(1)), str(month.plus(-12))) == (
        "2026-12",
        "2026_12",
        "2027-01",
        "2025-12",
    )
    assert Month.of(month.start_ms) == Month.of(month.end_ms - 1) == month
    assert Month.of(month.end_ms) == month.plus(1) > month


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "26-01", "2026_01", "0001-01", "９９９９-01", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no month"):
        Month.read(text)
