"""Decisions in this process: the same engine as a server's, its memory here, nothing stored."""

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from riskengine.domain.decision import Verdict
from riskengine.lab.reading import Record
from riskengine.scoring import Engine, Memory

BATCH = 500
"""Records scored at once. It changes no score: each is scored on all before it."""


class Scored(msgspec.Struct, frozen=True, gc=False):
    """A record and the verdict on its transaction."""

    record: Record
    verdict: Verdict


def score(records: Iterable[Record], engine: Engine, memory: Memory) -> Iterator[Scored]:
    """Scores records in the order given; `memory` holds what came before, and then these, too."""
    remaining = iter(records)
    while batch := list(islice(remaining, BATCH)):
        verdicts = engine.score([record.submission.transaction for record in batch], memory)
        memory.slots.clear()
        yield from map(Scored, batch, verdicts)
