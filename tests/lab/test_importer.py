"""Importing history into real servers: stored in its months, decided, once."""

from collections.abc import AsyncIterator
from datetime import date

import pytest
from msgspec.structs import replace

from riskengine.lab import offline, transaction_table, writing
from riskengine.lab.importer import Imported, Importer, RowConflict
from riskengine.lab.mapping import ColumnMapping
from riskengine.lab.reading import Reading, Record
from riskengine.lab.simulator import Plan, Simulator
from riskengine.scoring import Engine, Memory
from riskengine.settings import Settings
from riskengine.wiring import Parts, assemble


@pytest.fixture
async def parts(database_url: str, redis_url: str) -> AsyncIterator[Parts]:
    settings = Settings(database_url=database_url, redis_url=redis_url)
    async with assemble(settings, name="test", idle=1, most=2) as parts:
        yield parts


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    path = tmp_path_factory.mktemp("history") / "history.csv"
    plan = Plan(customers=60, days=20, start=date(2024, 2, 20), fraud_rate=0.05)
    writing.write(path, transaction_table.COLUMNS, map(transaction_table.row, Simulator(plan).stream()))
    return list(Reading(path, ColumnMapping()).records())


async def run(parts: Parts, records: list[Record]) -> list[Imported]:
    return [chunk async for chunk in Importer(parts.database, parts.decider).run(records)]


async def count(parts: Parts, table: str) -> int:
    async with parts.database.connection() as connection:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


async def test_history_is_stored_and_decided_in_its_own_months(parts: Parts, records: list[Record]) -> None:
    chunks = await run(parts, records)

    assert len(chunks) > 1
    assert sum(chunk.new for chunk in chunks) == len(records)
    assert sum(len(chunk.decisions) for chunk in chunks) == len(records)
    assert await count(parts, "transactions") == await count(parts, "decisions") == len(records)
    assert await count(parts, "pending") == 0
    assert await count(parts, "transactions_2024_02") + await count(parts, "transactions_2024_03") == len(records)


async def test_importing_again_stores_nothing_twice(parts: Parts, records: list[Record]) -> None:
    # Given an import that was broken off
    await run(parts, records[:1500])

    # When it is run again, whole, and once more
    again, more = await run(parts, records), await run(parts, records)

    # Then
    assert sum(chunk.known for chunk in again) == 1500
    assert sum(chunk.new for chunk in again) == len(records) - 1500
    assert sum(chunk.new for chunk in more) == 0
    assert await count(parts, "transactions") == await count(parts, "decisions") == len(records)


async def test_equal_rows_of_a_chunk_are_one_transaction(parts: Parts, records: list[Record]) -> None:
    [chunk] = await run(parts, [records[0], records[1], records[0]])

    assert (chunk.new, chunk.known) == (2, 1)


async def test_a_key_used_with_other_content_names_the_row(parts: Parts, records: list[Record]) -> None:
    # Given two rows that have one key
    first, second = records[0], records[1]
    stolen = replace(second, submission=replace(second.submission, idempotency_key=first.submission.idempotency_key))

    # When they are imported, the import is refused, and nothing of the chunk is stored
    with pytest.raises(RowConflict, match="row 2 cannot"):
        await run(parts, [first, stolen])
    assert await count(parts, "transactions") == 0


async def test_decisions_are_those_of_the_offline_scorer(parts: Parts, records: list[Record]) -> None:
    # Given the verdicts of an engine in this process
    offline_scores = {
        one.verdict.transaction_id: (one.verdict.score, one.verdict.rules)
        for one in offline.score(records, Engine.starter(), Memory())
    }

    # When the same records are imported, in the same order
    chunks = await run(parts, records)

    # Then the stored decisions are the same, bit by bit
    stored = {
        decision.verdict.transaction_id: (decision.verdict.score, decision.verdict.rules)
        for chunk in chunks
        for decision in chunk.decisions
    }
    assert stored == offline_scores
