"""Months of decided transactions with values that are hard to keep: for tests of archives."""

from decimal import Decimal

from riskengine.domain import clock
from riskengine.domain.month import Month
from riskengine.domain.transaction import Transaction
from riskengine.storage import decisions, partitions, submissions
from riskengine.storage.database import Database
from tests import factories

NOW = clock.now_ms()
OLD = Month.of(NOW).plus(-8)
"""A month that may be archived, like the one after it."""

ROWS = 40

_TEXTS = (None, "", 'a,"b"\n{c}', "é\u2028\U0001f600", "NULL", "\\N", " x ")
_AMOUNTS = ("25.10", "0.00001", "9999999999999.99", "1", "1.0", "12345678901234567890.123456789012345678901")


async def fill(database: Database, *months: Month, rows: int = ROWS) -> list[Transaction]:
    """Stores decided transactions in months, and gives some of them values that no validation would let in."""
    made = [
        factories.transaction(
            f"account-{n % 3}",
            _AMOUNTS[n % len(_AMOUNTS)],
            month.start_ms + n * 1_000,
            merchant=_TEXTS[n % len(_TEXTS)],
            latitude=None if n % 2 else 0.1 + n / 3,
            longitude=-0.0 if n % 5 == 0 else 5e-324,
        )
        for month in months
        for n in range(rows)
    ]
    await store(database, made)
    async with database.connection() as connection:
        await connection.execute(
            'UPDATE transactions SET metadata = \'{"b": 1.10, "a": [null, "\\u00e9"]}\''
            " WHERE account_id = 'account-1'"
        )
        await connection.execute(
            "UPDATE transactions SET amount = 'NaN', occurred_at = '2026-01-31 23:59:59.999999+00'"
            " WHERE account_id = 'account-2' AND merchant IS NULL"
        )
        await connection.execute(
            "UPDATE decisions SET features = '{NaN,NULL,-0,1e-45,3.4028235e38,Infinity}',"
            " rules = '{}', shadow_rules = '{\"a,b\",NULL,\"\"}', model_score = 0.1::float8 + 0.2::float8"
            " WHERE account_id = 'account-1'"
        )
    return made


async def store(database: Database, made: list[Transaction]) -> None:
    """Stores transactions and decides them, each account's in order."""
    await partitions.ensure_for(database, [t.created_at for t in made])
    async with database.connection() as connection:
        await submissions.store(connection, [factories.submission(of=t) for t in made])
        known = await connection.fetch("SELECT account_id, history_seq FROM accounts")
    places = {row["account_id"]: row["history_seq"] for row in known}
    decided = []
    for one in made:
        places[one.account_id] = places.get(one.account_id, 0) + 1
        decided.append(factories.decision(one, places[one.account_id]))
    assert not (await decisions.store(database, decided)).stale


async def contents(database: Database, *, table: str = "") -> list[str]:
    """All that queries see of both tables, or what a table holds, row by row and in PostgreSQL's own words."""
    tables = [table] if table else ["transactions", "decisions"]
    async with database.connection() as connection:
        return [
            row["row"]
            for name in tables
            for row in await connection.fetch(f"SELECT t::text AS row FROM {name} t ORDER BY transaction_id")
        ]


async def total(database: Database) -> tuple[int, Decimal]:
    """How many transactions queries see, and the sum of those with an amount."""
    async with database.connection() as connection:
        row = await connection.fetchrow("SELECT count(*), sum(amount) FILTER (WHERE amount <> 'NaN') FROM transactions")
        return row["count"], row["sum"]
