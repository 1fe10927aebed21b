"""Archived and live months asked together: the same as before anything was archived, and nothing but that."""

import os
from pathlib import Path

import pytest

from riskengine.archive import archiving, dropping, querying
from riskengine.domain.errors import InvalidInput, PartitionRefused
from riskengine.domain.month import Month
from riskengine.storage.database import Database
from tests.archive.months import NOW, OLD, ROWS, fill

THIS = Month.of(NOW)
PER_ACCOUNT = """
SELECT t.account_id, count(*), sum(t.amount), avg(d.score), max(t.occurred_at)
FROM transactions t JOIN decisions d ON d.transaction_id = t.transaction_id AND d.created_at = t.created_at
GROUP BY t.account_id ORDER BY t.account_id
"""


async def test_archives_and_live_months_together_are_what_was_there_before(database: Database, tmp_path: Path) -> None:
    # Given three months, and what PostgreSQL says of all of them
    await fill(database, OLD, OLD.plus(1), THIS)
    async with database.connection() as connection:
        await connection.execute("UPDATE transactions SET amount = 7.5 WHERE scale(amount) > 10 OR amount = 'NaN'")
        rows = await connection.fetch(PER_ACCOUNT)
    before = [tuple(row.values()) for row in rows]
    # When one is archived and dropped, and another archived
    for month in (OLD, OLD.plus(1)):
        await archiving.archive(database, month, tmp_path, NOW)
    await dropping.drop(database, OLD)
    # Then a query over all of them says the same, and where it looked
    found = await querying.query(database, PER_ACCOUNT, OLD, THIS)
    assert found.rows == before
    assert (found.archived, found.live) == ([str(OLD), str(OLD.plus(1))], [str(THIS)])
    # And what lies in files as text is of its own type: ids, amounts, metadata
    statement = "SELECT typeof(any_value(transaction_id)), typeof(any_value(amount)), count(metadata->>'b')"
    statement += " FROM transactions"
    counted = (await querying.query(database, statement, OLD, OLD)).rows
    assert counted == [("UUID", "DECIMAL(38,10)", sum(n % 3 == 1 for n in range(ROWS)))]


async def test_a_month_without_rows_is_empty(database: Database) -> None:
    found = await querying.query(database, "SELECT count(*) FROM decisions", Month(2001, 1), Month(2001, 2))

    assert (found.rows, found.archived, found.live) == ([(0,)], [], [])


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("SELECT 1; SELECT 2", "give one SELECT"),
        ("", "give one SELECT"),
        ("CREATE TABLE t (a INT)", "give one SELECT"),
        ("COPY (SELECT 1) TO '{place}/out' (USE_TMP_FILE false)", "give one SELECT"),
        ("SET enable_external_access = true", "give one SELECT"),
        ("SELECT nonsense FROM transactions", "cannot be run"),
        ("SELEKT 1", "cannot be read"),
        ("SELECT * FROM read_csv('{place}/secret.csv')", "cannot be run"),
        ("SELECT * FROM '{place}/secret.csv'", "cannot be run"),
        ("SELECT * FROM glob('{place}/*')", "cannot be run"),
    ],
)
async def test_nothing_else_can_be_read_or_written(
    statement: str, why: str, database: Database, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")

    with pytest.raises(InvalidInput, match=why):
        await querying.query(database, statement.replace("{place}", str(tmp_path)), OLD, THIS)

    assert os.listdir(tmp_path) == [secret.name]


async def test_a_damaged_archive_is_not_asked(database: Database, tmp_path: Path) -> None:
    await fill(database, OLD, rows=3)
    await archiving.archive(database, OLD, tmp_path, NOW)
    file = tmp_path / f"decisions_{OLD.suffix}.parquet"
    file.write_bytes(file.read_bytes()[:-1])

    with pytest.raises(PartitionRefused, match="is damaged"):
        await querying.query(database, "SELECT count(*) FROM decisions", OLD, OLD)
    assert (await querying.query(database, "SELECT count(*) FROM transactions", OLD, OLD)).rows == [(3,)]
