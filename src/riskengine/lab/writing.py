"""Tables to CSV, Parquet and JSONL files, in bounded memory; a file appears only when it is complete."""

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from riskengine.domain import clock
from riskengine.domain.errors import ConfigurationError

CHUNK = 50_000
"""Rows of a Parquet file in memory at once."""
LIST_SEPARATOR = ";"
"""Between the values of a list in CSV."""
DECIMAL_DIGITS, DECIMAL_PLACES = 38, 4
"""The type of an amount in Parquet: no currency has more than four places (ISO 4217)."""

Row = tuple[object, ...]


class Column(msgspec.Struct, frozen=True):
    """A column of `text`, `time` (milliseconds since the epoch), `amount` (Decimal), `number` or `texts` (lists)."""

    name: str
    kind: str = "text"


def write(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Writes all rows, as the kind of file that the suffix of `path` names.

    Raises ConfigurationError for an unknown suffix.
    """
    writers: dict[str, Callable[[Path, Sequence[Column], Iterable[Row]], None]] = {
        ".csv": _write_csv,
        ".jsonl": _write_jsonl,
        ".ndjson": _write_jsonl,
        ".parquet": _write_parquet,
    }
    if path.suffix not in writers:
        raise ConfigurationError(f"cannot tell what kind of file to make; end {path.name} in .csv, .jsonl or .parquet")
    with _complete(path) as unfinished:
        writers[path.suffix](unfinished, columns, rows)


@contextmanager
def _complete(path: Path) -> Iterator[Path]:
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _write_csv(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in columns])
        kinds = [column.kind for column in columns]
        for row in rows:
            writer.writerow([_plain(kind, value) for kind, value in zip(kinds, row, strict=True)])


def _write_jsonl(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    encoder = msgspec.json.Encoder(decimal_format="number")
    with path.open("wb") as file:
        for row in rows:
            pairs = zip(columns, row, strict=True)
            values = {column.name: _moment(column.kind, value) for column, value in pairs if value is not None}
            file.write(encoder.encode(values) + b"\n")


def _write_parquet(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    import polars  # it is large, and only Parquet needs it

    types: dict[str, Any] = {
        "text": polars.String,
        "time": polars.Int64,
        "amount": polars.Decimal(DECIMAL_DIGITS, DECIMAL_PLACES),
        "number": polars.Float64,
        "texts": polars.List(polars.String),
    }
    schema = {column.name: types[column.kind] for column in columns}
    times = [polars.col(c.name).cast(polars.Datetime("ms", "UTC")) for c in columns if c.kind == "time"]
    with tempfile.TemporaryDirectory() as directory:
        parts = []
        for number, chunk in enumerate(_chunks(rows)):
            parts.append(Path(directory, f"{number}.parquet"))
            polars.DataFrame(chunk, schema, orient="row").with_columns(times).write_parquet(parts[-1])
        polars.scan_parquet(parts).sink_parquet(path)


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """At least one chunk, so that a table without rows has its columns, too."""
    remaining = iter(rows)
    yield list(islice(remaining, CHUNK))
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


def _plain(kind: str, value: object) -> object:
    """The value as CSV shows it; amounts never in scientific notation."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if kind == "texts" and isinstance(value, Sequence):
        return LIST_SEPARATOR.join(value)
    return _moment(kind, value)


def _moment(kind: str, value: object) -> object:
    if kind == "time" and isinstance(value, int):
        return clock.to_datetime(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
