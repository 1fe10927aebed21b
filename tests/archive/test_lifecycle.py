"""Months leave PostgreSQL and come back, bit for bit; whatever is not so is refused, and nothing is changed."""

import asyncio
from pathlib import Path

import pytest

from riskengine.archive import archiving, dropping, manifest, overview, restoring, retention
from riskengine.domain.errors import ConfigurationError, PartitionRefused
from riskengine.domain.month import Month
from riskengine.storage import archives, months, partitions, records, submissions
from riskengine.storage.database import Connection, Database
from tests import factories
from tests.archive.months import NOW, OLD, ROWS, contents, fill, store

NEXT = OLD.plus(1)


async def state(database: Database, month: Month = OLD) -> str:
    """Where a month stands."""
    return next(one.state for one in await overview.overview(database, NOW) if one.month == str(month))


def files(directory: Path) -> list[Path]:
    """All that lies in a directory."""
    return sorted(directory.iterdir())


async def test_a_month_goes_and_comes_back_bit_for_bit(database: Database, tmp_path: Path) -> None:
    # Given two months of rows with values that are hard to keep
    made = await fill(database, OLD, NEXT)
    before = await contents(database)
    # When one is archived
    done = await archiving.archive(database, OLD, tmp_path, NOW)
    # Then queries see only the other, and the files say what they hold
    assert (done.transactions, done.decisions, await state(database)) == (ROWS, ROWS, "detached")
    assert await records.get(database, made[0].transaction_id) is None
    assert len(await contents(database)) == 2 * ROWS
    assert manifest.read(tmp_path, OLD, done.manifest_sha256).transactions.rows == ROWS
    assert sorted(path.suffix for path in files(tmp_path)) == [".json", ".parquet", ".parquet"]
    # And when its tables are dropped, and it is restored from the files
    assert await dropping.drop(database, OLD) > 0
    assert await state(database) == "archived"
    await restoring.restore(database, OLD)
    # Then every row is as it was, queries see it, and the month takes rows as any other
    assert await contents(database) == before
    assert await state(database) == "live"
    await store(database, [factories.transaction("late", created_at=OLD.end_ms - 1)])
    async with database.connection() as connection:
        checks = "SELECT count(*) FROM pg_constraint WHERE contype = 'c' AND conrelid = $1::text::regclass"
        assert await connection.fetchval(checks, partitions.table("transactions", OLD)) == 0


async def test_a_detached_month_comes_back_without_files(database: Database, tmp_path: Path) -> None:
    # Given an archived month whose tables are still there, and whose files are lost
    await fill(database, OLD)
    before = await contents(database)
    done = await archiving.archive(database, OLD, tmp_path, NOW)
    for path in files(tmp_path):
        if path.suffix == ".parquet":
            path.unlink()
    # When it is to be dropped, that is refused: the tables are all there is
    with pytest.raises(PartitionRefused, match="is missing; bring it back"):
        await dropping.drop(database, OLD)
    # And it can be restored by the digest of its manifest
    assert (await restoring.restore(database, OLD)).transactions.digest == manifest.read(
        tmp_path, OLD
    ).transactions.digest
    assert done.manifest_sha256
    assert await contents(database) == before


async def test_what_is_needed_or_unclear_is_not_archived(database: Database, tmp_path: Path) -> None:
    await fill(database, OLD)
    this = Month.of(NOW)
    for month, why in (
        (this, "is not over"),
        (this.plus(1), "is not over"),
        (this.plus(-1), "is still needed"),
        (this.plus(-30), "has no partitions"),
    ):
        await partitions.create(database, [month] if "needed" in why else [])
        with pytest.raises(PartitionRefused, match=why):
            await archiving.archive(database, month, tmp_path, NOW)
    # And not a month with a transaction that nobody has decided
    waiting = factories.transaction(created_at=OLD.start_ms + 1)
    async with database.connection() as connection:
        await submissions.store(connection, [factories.submission(of=waiting)])
    with pytest.raises(PartitionRefused, match=r"1 transactions of .* are not decided"):
        await archiving.archive(database, OLD, tmp_path, NOW)
    assert files(tmp_path) == []


async def test_a_month_is_archived_once_and_takes_no_rows(database: Database, tmp_path: Path) -> None:
    # Given an archived month
    await fill(database, OLD)
    await archiving.archive(database, OLD, tmp_path, NOW)
    # Then it is not archived again, its rows are in one place, and what is live is neither restored nor dropped
    with pytest.raises(PartitionRefused, match="is archived already"):
        await archiving.archive(database, OLD, tmp_path, NOW)
    await dropping.drop(database, OLD)
    with pytest.raises(ConfigurationError, match="takes no more rows"):
        await partitions.ensure_for(database, [OLD.start_ms])
    await fill(database, NEXT)
    with pytest.raises(PartitionRefused, match="nothing is restored over them"):
        await restoring.restore(database, NEXT, tmp_path)
    with pytest.raises(PartitionRefused, match="is live"):
        await dropping.drop(database, NEXT)
    with pytest.raises(PartitionRefused, match="nothing to drop"):
        await dropping.drop(database, OLD)


async def test_a_damaged_archive_is_refused_and_changes_nothing(database: Database, tmp_path: Path) -> None:
    # Given an archived month that is nowhere else
    await fill(database, OLD)
    before = await contents(database)
    done = await archiving.archive(database, OLD, tmp_path, NOW)
    await dropping.drop(database, OLD)
    # When any byte of any of its files is another
    for path in files(tmp_path):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1 :])
        # Then restoring it is refused, and there is nothing of it in PostgreSQL
        with pytest.raises(PartitionRefused, match=f"{path.name} is (damaged|not what was archived)"):
            await restoring.restore(database, OLD)
        assert not await months.of(database, OLD)
        path.write_bytes(whole)
    # And so if a file vouches for itself, and holds other rows than its digest says
    found = manifest.read(tmp_path, OLD)
    forged = manifest.Manifest(
        **{field: getattr(found, field) for field in found.__struct_fields__ if field != "decisions"},
        decisions=manifest.Contents(
            **{
                field: getattr(found.decisions, field)
                for field in found.decisions.__struct_fields__
                if field != "digest"
            },
            digest="0" * 64,
        ),
    )
    forged_sha256 = manifest.write(tmp_path, OLD, forged)
    await archives.put(database, archives.Archive(OLD, tmp_path, forged_sha256, done.transactions, done.decisions, NOW))
    with pytest.raises(PartitionRefused, match="would not hold what was archived"):
        await restoring.restore(database, OLD)
    assert not await months.of(database, OLD)
    # And the right one is restored
    await archives.put(database, archives.Archive(OLD, tmp_path, manifest.write(tmp_path, OLD, found), 0, 0, NOW))
    await restoring.restore(database, OLD)
    assert await contents(database) == before


class Interrupted(Exception):
    """The process dies here."""


@pytest.mark.parametrize("place", ["manifest.write", "archives.put", "months.detach", "months.count"])
async def test_interrupted_anywhere_it_goes_on(
    place: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given archiving that dies at some step, at the second table where there is one for each
    await fill(database, OLD)
    before = await contents(database)
    module, _, name = place.partition(".")
    real, calls = getattr(getattr(archiving, module), name), []

    def dying(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == (2 if name == "detach" else 1):
            raise Interrupted
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(f"riskengine.{'archive' if module == 'manifest' else 'storage'}.{place}", dying)
        with pytest.raises(Interrupted):
            await archiving.archive(database, OLD, tmp_path, NOW)
    # When it is done again, or, once all is detached, seen to be done
    if await state(database) != "detached":
        await archiving.archive(database, OLD, tmp_path, NOW)
    # Then it is whole
    assert await state(database) == "detached"
    await dropping.drop(database, OLD)
    await restoring.restore(database, OLD)
    assert await contents(database) == before


async def test_a_pending_detachment_is_finished(database: Database, tmp_path: Path) -> None:
    # Given a detachment that waited for a reader, and was given up
    await fill(database, OLD)
    name = partitions.table("decisions", OLD)
    connect = database.connection
    async with connect() as reader, connect() as connection, connect() as watcher:
        async with reader.transaction():
            await reader.fetch("SELECT count(*) FROM decisions")
            with pytest.raises(TimeoutError):
                await connection.execute(f"ALTER TABLE decisions DETACH PARTITION {name} CONCURRENTLY", timeout=0.5)
            active = (
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'ALTER TABLE decisions%'"
            )
            while await watcher.fetchval(active):
                await asyncio.sleep(0.01)
        assert (await months.of(database, OLD))["decisions"].detaching
        assert await state(database) == "interrupted"
    # When the month is archived
    await archiving.archive(database, OLD, tmp_path, NOW)
    # Then the detachment is finished
    assert await state(database) == "detached"


async def test_rows_that_come_in_meanwhile_are_not_lost(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a row that is stored after the export
    await fill(database, OLD)
    late = factories.transaction("late", created_at=OLD.start_ms + 5)
    real = months.detach

    async def storing_first(connection: Connection, partition: months.Partition) -> None:
        if partition.parent == "decisions":
            await store(database, [late])
        await real(connection, partition)

    monkeypatch.setattr(months, "detach", storing_first)
    # When the month is archived, it is refused, and all is as it was, with the new row
    with pytest.raises(PartitionRefused, match="came in while it was archived"):
        await archiving.archive(database, OLD, tmp_path, NOW)
    assert await state(database) == "live"
    assert await records.get(database, late.transaction_id) is not None
    assert await archives.every(database) == []
    # And what was written is no archive of what is there now, until it is removed
    monkeypatch.setattr(months, "detach", real)
    with pytest.raises(PartitionRefused, match="holds other rows than transactions"):
        await archiving.archive(database, OLD, tmp_path, NOW)
    manifest.path(tmp_path, OLD).unlink()
    assert (await archiving.archive(database, OLD, tmp_path, NOW)).transactions == ROWS + 1


async def test_retention_names_what_is_due(database: Database, tmp_path: Path) -> None:
    await fill(database, OLD, NEXT, rows=3)
    this = Month.of(NOW)
    assert await retention.due(database, NOW, 24) == []
    assert await retention.due(database, NOW, 8) == [OLD]
    # However few months are kept, what is needed is not due
    await partitions.create(database, [this.plus(-1)])
    assert await retention.due(database, NOW, 1) == [OLD, NEXT]
    await archiving.archive(database, OLD, tmp_path, NOW)
    assert await retention.due(database, NOW, 1) == [NEXT]


async def test_there_is_no_default_partition(database: Database) -> None:
    """A row of a month without partitions is refused: in a default one it would keep that month from being made."""
    async with database.connection() as connection:
        bounds = "SELECT pg_get_expr(c.relpartbound, c.oid) AS bounds FROM pg_class c WHERE c.relispartition"
        assert all("FROM" in row["bounds"] for row in await connection.fetch(f"{bounds} AND c.relkind = 'r'"))
        with pytest.raises(Exception, match="no partition of relation"):
            await connection.execute(
                "INSERT INTO transactions (transaction_id, created_at, account_id, amount, currency, occurred_at,"
                " idempotency_key) VALUES (gen_random_uuid(), '2001-01-01', 'a', 1, 'EUR', now(), 'k')"
            )
    assert len(await partitions.create(database, [Month(2001, 1)])) == 1


async def test_closed_months_are_frozen_once(database: Database) -> None:
    # Given a month that is over
    await fill(database, OLD)
    name = partitions.table("transactions", OLD)
    frozen = f"SELECT relallfrozen > 0 AND relallfrozen = relpages FROM pg_class WHERE oid = '{name}'::regclass"
    vacuums = f"SELECT pg_stat_force_next_flush(), vacuum_count FROM pg_stat_all_tables WHERE relname = '{name}'"
    async with database.connection() as connection:
        assert not await connection.fetchval(frozen)
        # When workers do the chore twice, its pages are frozen by the first
        await partitions.freeze_closed(database, NOW)
        assert await connection.fetchval(frozen)
        await partitions.freeze_closed(database, NOW)
        assert (await connection.fetchrow(vacuums))["vacuum_count"] == 1
