"""Rows of a file as PostgreSQL knows them, in their order and in bounded memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from riskengine.archive import columns
from riskengine.archive.columns import Column
from riskengine.archive.digest import Digest
from riskengine.archive.exporting import CHUNK
from riskengine.domain.errors import PartitionRefused


def chunks(file: Path, found: Sequence[Column]) -> Iterator[list[tuple[object, ...]]]:
    """All rows, so many at once. Raises PartitionRefused if the file cannot be read, or has other columns."""
    try:
        scan = pl.scan_parquet(file, schema=columns.schema(found))
        for batch in scan.collect_batches(chunk_size=CHUNK, maintain_order=True):
            yield batch.rows()
    except PolarsError as error:
        raise PartitionRefused(f"{file} cannot be read ({error}); bring back a copy that is not damaged") from error


def digest_of(file: Path, found: Sequence[Column]) -> Digest:
    """The digest of all rows in the file. Raises PartitionRefused."""
    digest = Digest()
    for rows in chunks(file, found):
        digest.take(rows)
    return digest
