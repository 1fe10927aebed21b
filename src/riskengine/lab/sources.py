"""Raw rows of CSV, Parquet and JSONL files, read in bounded memory.

Values are as exact as the file has them: text in CSV, Decimal for any number with a point in JSONL, the column's own
type in Parquet.
"""

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import msgspec

from riskengine.domain.errors import ConfigurationError, Malformed

BATCH = 20_000
"""Rows of a Parquet file in memory at once: some megabytes."""

RawRow = dict[str, Any]


class Source(Protocol):
    """A file of rows."""

    def columns(self) -> tuple[str, ...] | None:
        """The names of all columns, or None where each row has its own."""

    def count(self) -> int:
        """About how many rows there are: exact, save where a CSV value spans lines."""

    def rows(self, columns: tuple[str, ...] | None) -> Iterator[RawRow]:
        """The rows in order. A source may leave out what is not in `columns` (None: all).

        Raises Malformed, with the row's number, for what cannot be read.
        """


def open_source(path: Path) -> Source:
    """The source of a file, by its suffix. Raises ConfigurationError for an unknown one, or for no such file."""
    kinds: dict[str, type[CsvSource | JsonlSource | ParquetSource]] = {
        ".csv": CsvSource,
        ".jsonl": JsonlSource,
        ".ndjson": JsonlSource,
        ".parquet": ParquetSource,
    }
    if path.suffix not in kinds:
        raise ConfigurationError(f"cannot tell what kind of file {path.name} is; name it {', '.join(sorted(kinds))}")
    if not path.is_file():
        raise ConfigurationError(f"there is no file {path}")
    return kinds[path.suffix](path)


class CsvSource:
    """A CSV file (RFC 4180) with a header line, in UTF-8. Empty values are missing ones."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def columns(self) -> tuple[str, ...]:
        return tuple(next(self._lines(), ()))

    def count(self) -> int:
        return max(0, _count_lines(self._path) - 1)

    def rows(self, columns: tuple[str, ...] | None) -> Iterator[RawRow]:
        lines = self._lines()
        names = next(lines, [])
        for number, values in enumerate(lines, start=1):
            if len(values) != len(names):
                raise Malformed(f"row {number} has {len(values)} values where the header has {len(names)}")
            yield dict(zip(names, values, strict=True))

    def _lines(self) -> Iterator[list[str]]:
        with self._path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            try:
                yield from filter(None, reader)
            except (csv.Error, UnicodeDecodeError) as error:
                raise Malformed(f"{self._path.name} cannot be read after line {reader.line_num}: {error}") from error


class JsonlSource:
    """A file with one JSON object a line, in UTF-8. Empty lines are skipped."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def columns(self) -> None:
        return None

    def count(self) -> int:
        return _count_lines(self._path)

    def rows(self, columns: tuple[str, ...] | None) -> Iterator[RawRow]:
        decoder = msgspec.json.Decoder(RawRow, float_hook=Decimal)
        with self._path.open("rb") as file:
            for number, line in enumerate((line for line in file if line.strip()), start=1):
                try:
                    yield decoder.decode(line)
                except (msgspec.DecodeError, RecursionError) as error:
                    raise Malformed(f"row {number} is no JSON object: {error}") from error


class ParquetSource:
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        import polars  # it is large, and only Parquet needs it

        self._polars = polars
        self._path = path

    def columns(self) -> tuple[str, ...]:
        try:
            return tuple(self._polars.read_parquet_schema(self._path))
        except self._polars.exceptions.PolarsError as error:
            raise Malformed(f"{self._path.name} is no Parquet file: {error}") from error

    def count(self) -> int:
        return int(self._polars.scan_parquet(self._path).select(self._polars.len()).collect().item())

    def rows(self, columns: tuple[str, ...] | None) -> Iterator[RawRow]:
        names = list(columns if columns is not None else self.columns())
        scan = self._polars.scan_parquet(self._path).select(names)
        try:
            for batch in scan.collect_batches(chunk_size=BATCH, maintain_order=True):
                yield from batch.iter_rows(named=True)
        except self._polars.exceptions.PolarsError as error:
            raise Malformed(f"{self._path.name} cannot be read: {error}") from error


def _count_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
