"""Records in order of their time, however many: sorted runs on disk, then merged (an external merge sort)."""

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO

import msgspec

from riskengine.lab.reading import Record

RUN = 100_000
"""Records in memory at once: about 100 MB."""
BLOCK = 1_000
"""Records of each run in memory while runs are merged."""


def by_time(records: Iterable[Record]) -> Iterator[Record]:
    """All records by `occurred_at`; those of the same moment keep their order."""
    remaining = iter(records)
    runs = []
    while run := sorted(islice(remaining, RUN), key=_occurred_at):
        runs.append(_keep(run))
    # Merging is stable, and runs are in the order of the file.
    return heapq.merge(*(_replay(run) for run in runs), key=_occurred_at)


def _occurred_at(record: Record) -> int:
    return record.submission.transaction.occurred_at


def _keep(run: list[Record]) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives until its run is merged
    encoder = msgspec.msgpack.Encoder()
    for start in range(0, len(run), BLOCK):
        block = encoder.encode(run[start : start + BLOCK])
        file.write(len(block).to_bytes(4, "big") + block)
    file.seek(0)
    return file


def _replay(file: IO[bytes]) -> Iterator[Record]:
    decoder = msgspec.msgpack.Decoder(list[Record])
    with file:
        while size := file.read(4):
            yield from decoder.decode(file.read(int.from_bytes(size, "big")))
