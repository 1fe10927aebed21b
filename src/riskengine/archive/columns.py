"""How the values of a table lie in a file of Parquet, so that all of them come back as they were."""

from collections.abc import Sequence

import msgspec
import polars as pl

from riskengine.domain.errors import PartitionRefused
from riskengine.storage import queries
from riskengine.storage.database import Connection

_AS_THEY_ARE: dict[str, pl.DataType] = {
    "text": pl.String(),
    "bool": pl.Boolean(),
    "int2": pl.Int16(),
    "int4": pl.Int32(),
    "int8": pl.Int64(),
    "xid8": pl.UInt64(),
    "float4": pl.Float32(),
    "float8": pl.Float64(),
    "timestamptz": pl.Datetime("us", "UTC"),
    "_text": pl.List(pl.String()),
    "_float4": pl.List(pl.Float32()),
}
"""PostgreSQL's types whose values Parquet holds without loss."""

_AS_TEXT = frozenset({"uuid", "numeric", "jsonb"})
"""Those whose text says all: a number without limits, digits after the point included, has no other exact form."""


class Column(msgspec.Struct, frozen=True):
    """A column: its name and its type's, as PostgreSQL calls it."""

    name: str
    type: str

    @property
    def stored(self) -> pl.DataType:
        """Its type in the file."""
        return pl.String() if self.type in _AS_TEXT else _AS_THEY_ARE[self.type]

    @property
    def selected(self) -> str:
        """What selects it in the form in which it is stored."""
        return f'"{self.name}"::text' if self.type in _AS_TEXT else f'"{self.name}"'


async def of(connection: Connection, table: str) -> tuple[Column, ...]:
    """The columns of a table, as the catalogue has them, in order. Raises PartitionRefused for a type unknown here."""
    rows = await connection.fetch(queries.text("partition_columns"), table)
    for row in rows:
        if row["type"] not in _AS_THEY_ARE.keys() | _AS_TEXT:
            raise PartitionRefused(
                f"the column {row['name']} of {table} is of the type {row['type']}, which archives cannot hold;"
                " take it out of the table, or teach riskengine.archive.columns"
            )
    return tuple(Column(row["name"], row["type"]) for row in rows)


def schema(columns: Sequence[Column]) -> dict[str, pl.DataType]:
    """The columns of the file."""
    return {column.name: column.stored for column in columns}
