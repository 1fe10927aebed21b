"""What a plan did, out of EXPLAIN (ANALYZE, BUFFERS): rows, time, pages, months and parallel workers."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import asyncpg
import msgspec

from riskengine.storage import queries

_PARTITION = re.compile(r"^(?:transactions|decisions)_(\d{4}_\d{2})")


class Plan(msgspec.Struct, frozen=True):
    """`ms` is the time to run it, `planning_ms` that to plan it; `pages` are those of 8 KiB that were
    looked at, in memory or not; `scanned` the tables of months read from end to end.
    """

    rows: int
    ms: float
    planning_ms: float
    pages: int
    months: int
    workers: int
    scanned: tuple[str, ...]


async def explain(connection: asyncpg.Connection, query: str, arguments: Sequence[object]) -> Plan:
    """Runs the named statement, and undoes it. Each plan is made for the arguments."""
    text = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {queries.text(query)}"
    transaction = connection.transaction()
    await transaction.start()
    try:
        found = msgspec.json.decode(await connection.fetchval(text, *arguments))[0]
    finally:
        await transaction.rollback()
    return of(found)


def of(found: dict[str, Any]) -> Plan:
    """The plan in what EXPLAIN said, as JSON."""
    top = found["Plan"]
    nodes = [node for node in _nodes(top) if node["Actual Loops"] > 0]
    tables = [node["Relation Name"] for node in nodes if "Relation Name" in node]
    return Plan(
        rows=round(top["Actual Rows"] * top["Actual Loops"]),
        ms=round(found["Execution Time"], 2),
        planning_ms=round(found["Planning Time"], 2),
        pages=top["Shared Hit Blocks"] + top["Shared Read Blocks"],
        months=len({match[1] for table in tables if (match := _PARTITION.match(table))}),
        workers=max((node.get("Workers Launched", 0) for node in nodes), default=0),
        scanned=tuple(
            sorted({node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan" and _is_large(node)})
        ),
    )


def _is_large(node: dict[str, Any]) -> bool:
    """Whether the table is one of a month, and not empty: others are small, and read whole where the planner likes."""
    read = node["Shared Hit Blocks"] + node["Shared Read Blocks"]
    return read > 0 and _PARTITION.match(node["Relation Name"]) is not None


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
