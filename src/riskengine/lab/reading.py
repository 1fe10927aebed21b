"""Records from files: each row mapped, and judged by the same validator as a request."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from riskengine.domain.errors import FieldError, InvalidInput
from riskengine.domain.transaction import Submission
from riskengine.lab import values
from riskengine.lab.labelled import Label
from riskengine.lab.mapping import ColumnMapping
from riskengine.lab.presets import Preset
from riskengine.lab.sources import RawRow, open_source
from riskengine.lab.submitting import submission

PROBLEMS_KEPT = 10
"""Bad rows of which the details are kept; the others are counted."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """A row of a file. `number` counts from 1; `reference` is the row's own transaction_id, or that of the engine."""

    number: int
    submission: Submission
    reference: str
    label: Label | None = None
    attack: str | None = None


class Problem(msgspec.Struct, frozen=True):
    """A row that was left out, and why."""

    number: int
    fields: tuple[FieldError, ...]


class BadRow(InvalidInput):
    """A row is not a valid transaction."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(
            problem.fields,
            f"row {problem.number} is not valid; correct it, or leave such rows out with --skip-bad",
        )
        self.number = problem.number


_NO_PRESET = Preset(ColumnMapping())


class Reading:
    """Reads one file. `bad` counts the rows left out, `problems` says what was wrong with the first of them.

    Raises ConfigurationError at once if the file's kind is unknown or a column is missing.
    """

    def __init__(
        self, path: Path, mapping: ColumnMapping, preset: Preset = _NO_PRESET, *, skip_bad: bool = False
    ) -> None:
        self._source = open_source(path)
        self._skip_bad = skip_bad
        whole = mapping.over(preset.mapping)
        own = whole.columns.keys() & mapping.columns.keys() | mapping.constants.keys()
        present = self._source.columns()
        self._constants = whole.constants
        self._adapt = preset.adapter(path)
        self._filled = tuple(field for field in preset.fills if field not in own)
        self._columns = whole.resolve(present, self._filled) if present is not None else whole.by_own_name()
        self._reads = tuple({*self._columns.values(), *preset.reads}) if present is not None else None
        self.bad = 0
        self.problems: list[Problem] = []

    def count(self) -> int:
        """About how many rows the file has."""
        return self._source.count()

    def records(self, limit: int | None = None) -> Iterator[Record]:
        """The valid rows, in the order of the file; only of the first `limit` rows if that is given.

        Raises BadRow at the first row that is not valid, unless such rows are to be skipped.
        """
        for number, row in enumerate(self._source.rows(self._reads), start=1):
            if limit is not None and number > limit:
                return
            try:
                yield self._record(number, row)
            except InvalidInput as error:
                self._refuse(Problem(number, error.fields))

    def _record(self, number: int, row: RawRow) -> Record:
        fields: dict[str, Any] = {field: row.get(column) for field, column in self._columns.items()}
        fields |= self._constants
        adapted = self._adapt(row)
        fields |= {field: adapted[field] for field in self._filled if field in adapted}
        label, attack = values.label(fields.pop("label", None)), values.attack(fields.pop("attack", None))
        reference = values.text(fields.pop("transaction_id", None))
        known = reference if isinstance(reference, str) and reference else None
        sent = submission(values.payload(fields), known)
        return Record(number, sent, known or str(sent.transaction.transaction_id), label, attack)

    def _refuse(self, problem: Problem) -> None:
        if not self._skip_bad:
            raise BadRow(problem)
        self.bad += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(problem)
