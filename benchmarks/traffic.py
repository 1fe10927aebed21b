"""The rows of every run: real ones where the public data sets are, and otherwise simulated."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from riskengine.domain.transaction import Submission
from riskengine.lab.mapping import ColumnMapping
from riskengine.lab.presets import PRESETS
from riskengine.lab.reading import Reading
from riskengine.lab.simulator import Plan, Simulator

DATA = Path(__file__).parents[2] / "shared" / "data"
"""Where the public data sets lie: beside the clone."""

REAL = "handbook"
"""The data set to take: the one with the most accounts."""

CUSTOMERS = 5_000
"""Simulated customers: as many as the handbook has."""

DAYS = 60
"""Simulated days at most: the stream ends when there are rows enough."""


class Traffic(msgspec.Struct, frozen=True):
    """Rows in order of time, and the name of where they are from."""

    source: str
    submissions: Sequence[Submission]


def take(count: int, data: Path = DATA) -> Traffic:
    """The first `count` rows."""
    file = data / f"{REAL}_transactions.parquet"
    if file.is_file():
        records = Reading(file, ColumnMapping(), PRESETS[REAL], skip_bad=True).records()
        return Traffic(REAL, [record.submission for record in islice(records, count)])
    return simulated(count)


def simulated(count: int) -> Traffic:
    """As many simulated rows: the same ones each time, but for their ids."""
    return Traffic("simulator", list(islice(_simulated(), count)))


def _simulated() -> Iterator[Submission]:
    for labelled in Simulator(Plan(customers=CUSTOMERS, days=DAYS)).stream():
        yield Submission(labelled.transaction, str(labelled.transaction.transaction_id), b"")
