"""What the demonstration sends: real transactions where there are some, and simulated ones with attacks among them."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from riskengine.domain.account import Account
from riskengine.domain.errors import ConfigurationError
from riskengine.domain.transaction import Submission
from riskengine.lab.labelled import Labelled
from riskengine.lab.mapping import ColumnMapping
from riskengine.lab.presets import PRESETS, Preset
from riskengine.lab.reading import Reading
from riskengine.lab.simulator import Plan, Simulator

DATA = Path("..", "shared", "data")
"""Where public data sets lie beside a clone of the project."""

REAL = ("sparkov", "handbook")
"""The data sets to take from there, the first one found: both are large and in order of time."""

DAYS = 30
"""Simulated days: as long as the longest window."""

PER_CUSTOMER = 30
"""Transactions to expect of a customer in these days, cautiously: those too many are left out."""

FRAUD_RATE = 0.06
"""The share of frauds among simulated transactions: more than in life, so that there is something to see."""


class Sample(msgspec.Struct, frozen=True):
    """Transactions in the order to send them in, the accounts that are described, and in words where both are from."""

    source: str
    accounts: Sequence[Account]
    submissions: Sequence[Submission]


def take(count: int, file: Path | None = None, data: Path = DATA) -> Sample:
    """`count` transactions of `file`; without one, half from a data set in `data` if there is one, the rest simulated.

    Raises ConfigurationError if the file has no transactions, and what reading it raises.
    """
    if file is not None:
        return _of_file(file, count)
    candidates = [data / f"{name}_transactions.parquet" for name in REAL]
    found = next((path for path in candidates if path.is_file()), None)
    real = _of_file(found, count // 2) if found else Sample("", (), ())
    made = _simulated(count - len(real.submissions))
    source = f"{real.source}, {made.source}" if found else made.source
    return Sample(source, made.accounts, list(_interleaved(real.submissions, made.submissions)))


def _of_file(path: Path, count: int) -> Sample:
    preset = next((PRESETS[name] for name in PRESETS if path.name.startswith(name)), Preset(ColumnMapping()))
    reading = Reading(path, ColumnMapping(), preset, skip_bad=True)
    submissions = [record.submission for record in islice(reading.records(), count)]
    if not submissions and count:
        raise ConfigurationError(f"{path} has no valid transaction: see `riskengine score --help` on mapping columns")
    return Sample(f"{len(submissions):,} of {path.name}", (), submissions)


def _simulated(count: int) -> Sample:
    simulator = Simulator(Plan(customers=max(1, count // PER_CUSTOMER), days=DAYS, fraud_rate=FRAUD_RATE))
    submissions = list(map(_submission, islice(simulator.stream(), count)))
    return Sample(f"{len(submissions):,} simulated", simulator.accounts(), submissions)


def _submission(labelled: Labelled) -> Submission:
    transaction = labelled.transaction
    return Submission(transaction, f"demo-{transaction.transaction_id}", b"")


def _interleaved(*sequences: Sequence[Submission]) -> Iterator[Submission]:
    """All of them, each sequence in its order and spread evenly over the whole."""
    placed: Iterable[tuple[float, int, Submission]] = heapq.merge(
        *(
            [(place / len(sequence), number, one) for place, one in enumerate(sequence)]
            for number, sequence in enumerate(sequences)
        ),
        key=lambda entry: entry[:2],
    )
    return (one for _, _, one in placed)
