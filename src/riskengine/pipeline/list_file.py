"""Reading a list's entries from CSV: all that is right of it, and what is wrong with each row that is not."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from itertools import islice
from typing import BinaryIO, TextIO

import msgspec

from riskengine.domain import clock, listing
from riskengine.domain.errors import FieldError, InvalidInput, Malformed
from riskengine.domain.listing import ListDefinition
from riskengine.storage.list_changes import IncomingEntry

COLUMNS = ("value", "expires_at", "note")

MOST_NAMED = 100
"""Rows that are named in a refusal; a mistake is clear long before."""

_PIECE = 2_000
"""Rows that are read in one go, in a thread."""

_TIME = "must be RFC 3339 with an offset, such as 2026-01-31T12:00:00Z, or empty"
_MANY = f"has more than the {len(COLUMNS)} columns {', '.join(COLUMNS)}; put a note with commas in quotes"


class BadRow(msgspec.Struct, frozen=True):
    """A row that cannot be taken, by its number in the file (the header, if there is one, is row 1), and why."""

    number: int
    message: str


class ListFile:
    """The entries in a CSV file for a list. `bad` are rows that were not right, `total` is how many there were of both.

    The columns are value, expires_at and note, in this order, or in any order under a header; the last two may lack.
    """

    def __init__(self, stream: BinaryIO, definition: ListDefinition) -> None:
        self._stream = stream
        self._definition = definition
        self.total = 0
        self.wrong = 0
        self.bad: list[BadRow] = []

    async def entries(self) -> AsyncIterator[IncomingEntry]:
        """The rows that are right; used once. Raises Malformed if the file is not CSV in UTF-8."""
        rows = self._rows()
        while piece := await asyncio.to_thread(lambda: list(islice(rows, _PIECE))):
            for entry in piece:
                if entry is not None:
                    yield entry

    def refuse(self, number: int, message: str) -> None:
        """Notes that a row cannot be taken."""
        self.wrong += 1
        if len(self.bad) < MOST_NAMED:
            self.bad.append(BadRow(number, message))

    def check(self) -> None:
        """Raises InvalidInput that names the bad rows, if there are any."""
        if not self.wrong:
            return
        named = sorted(self.bad, key=lambda row: row.number)
        more = f"; the first {len(named)} are named" if self.wrong > len(named) else ""
        raise InvalidInput(
            tuple(FieldError(f"row {row.number}", row.message) for row in named),
            f"{self.wrong} of {self.total} rows cannot be taken, so that nothing was stored{more}",
        )

    def _rows(self) -> Iterator[IncomingEntry | None]:
        """An entry for each row, None for one that is not right."""
        with _text(self._stream) as text:
            try:
                columns: tuple[str, ...] | None = None
                for number, cells in enumerate(csv.reader(text), 1):
                    if columns is None and cells:
                        columns, is_header = _columns(cells)
                        if is_header:
                            continue
                    if columns is not None and any(cells):
                        yield self._entry(number, cells, columns)
            except UnicodeDecodeError:
                raise Malformed("the file is not text in UTF-8; save it as CSV in UTF-8") from None
            except csv.Error as error:
                raise Malformed(f"the file cannot be read as CSV: {error}; check the quotes") from None

    def _entry(self, number: int, cells: list[str], columns: tuple[str, ...]) -> IncomingEntry | None:
        self.total += 1
        definition = self._definition
        try:
            if len(cells) > len(columns) and any(cells[len(columns) :]):
                raise InvalidInput((), _MANY)
            given = dict(zip(columns, cells, strict=False))
            return IncomingEntry(
                number,
                listing.value(definition.kind, definition.field, given.get("value", "")),
                _moment(given.get("expires_at", "")),
                listing.note(given.get("note", "")),
            )
        except InvalidInput as error:
            self.refuse(number, f"{error.fields[0].path} {error.fields[0].message}" if error.fields else str(error))
            return None


def _text(stream: BinaryIO) -> TextIO:
    return io.TextIOWrapper(stream, "utf-8-sig", newline="")


def _columns(first: list[str]) -> tuple[tuple[str, ...], bool]:
    """Which columns there are, and whether the first row is a header that says so."""
    names = tuple(cell.strip().lower() for cell in first)
    if "value" not in names:
        return COLUMNS, False
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) < len(names):
        raise InvalidInput((FieldError("row 1", f"may name the columns {', '.join(COLUMNS)}, each once"),))
    return names, True


def _moment(text: str) -> datetime | None:
    """When an entry ends; None for no text. Raises InvalidInput."""
    cut = text.strip()
    if not cut:
        return None
    try:
        moment = datetime.fromisoformat(cut)
        if moment.tzinfo is None or clock.to_ms(moment) < 0:
            raise ValueError
    except (ValueError, OverflowError):
        raise InvalidInput((FieldError("expires_at", _TIME),), _TIME) from None
    return clock.to_datetime(clock.to_ms(moment))
