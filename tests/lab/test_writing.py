"""Tables written and read again: exact, in order, and never half there."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from riskengine.domain.errors import ConfigurationError
from riskengine.lab import values, writing
from riskengine.lab.sources import open_source
from riskengine.lab.writing import Column, Row

COLUMNS = (
    Column("name"),
    Column("when", "time"),
    Column("amount", "amount"),
    Column("score", "number"),
    Column("rules", "texts"),
)
ROWS: tuple[Row, ...] = (
    ('says "a, b"\nand more', 1_767_225_600_123, Decimal("9999999999999.99"), 0.1 + 0.2, ["A", "B"]),
    (None, -1, Decimal("0.01"), None, []),
    ("né", 0, Decimal("12.1000"), 69.63, ["A"]),
)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"table{suffix}"

    writing.write(path, COLUMNS, iter(ROWS))

    read = list(open_source(path).rows(None))
    assert [row.get("name") or None for row in read] == [row[0] for row in ROWS]
    assert [Decimal(str(row["amount"])) for row in read] == [row[2] for row in ROWS]
    assert [float(row["score"]) if row.get("score") else None for row in read] == [row[3] for row in ROWS]
    assert values.moment(read[0]["when"]) == datetime(2026, 1, 1, microsecond=123_000, tzinfo=UTC)
    assert open_source(path).count() >= len(ROWS)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_empty_table_has_its_columns(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"table{suffix}"

    writing.write(path, COLUMNS, ())

    assert open_source(path).columns() == tuple(column.name for column in COLUMNS)
    assert list(open_source(path).rows(None)) == []


def test_many_chunks_stay_in_order(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    count = 2 * writing.CHUNK + 1

    writing.write(path, (Column("number", "number"),), ((float(number),) for number in range(count)))

    assert [row["number"] for row in open_source(path).rows(("number",))] == list(range(count))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    # Given a file, and rows that fail underway
    path = tmp_path / f"table{suffix}"
    path.write_text("old")

    def rows() -> Iterator[Row]:
        yield ROWS[0]
        raise RuntimeError

    # When they are written
    with pytest.raises(RuntimeError):
        writing.write(path, COLUMNS, rows())

    # Then the file is as before
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "old"


def test_an_unknown_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"end table\.xlsx in \.csv, \.jsonl or \.parquet"):
        writing.write(tmp_path / "table.xlsx", COLUMNS, ROWS)
