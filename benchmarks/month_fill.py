"""Filling a throw-away PostgreSQL with many months of decided transactions, made inside the server."""

import asyncio
import time
from collections.abc import Sequence

import asyncpg
import msgspec

from riskengine.domain import clock
from riskengine.domain.month import Month
from riskengine.pipeline import starters
from riskengine.storage import partitions
from riskengine.storage.database import Database

MONTHS = 12
"""The months filled, the present one included."""

FEATURES = 60
"""Values in each decision's vector: 240 bytes of the row."""

VECTORS = 1_000
"""Different vectors: to draw 60 numbers for each row would take longer than to write it."""

ROWS_PER_ACCOUNT = 200
"""Transactions of an account on average; they are not even: a tenth of the accounts has a third of them."""

PENDING = 1_000
"""The newest transactions are still pending, so that there is a queue to look through."""

SIDE_BY_SIDE = 2
"""Months that are filled at once."""

THROW_AWAY = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "autovacuum": "off",
    "maintenance_work_mem": "512MB",
}
"""Settings of a server that is filled once and thrown away: what is written need not survive a power cut."""

_TRANSACTIONS = """
INSERT INTO {table} (transaction_id, created_at, account_id, amount, currency, occurred_at, merchant, merchant_category,
                     location, latitude, longitude, country, channel, device_id, ip, beneficiary, idempotency_key)
SELECT (lpad(to_hex(ms), 12, '0') || '7' || substr(h, 1, 3) || 'a' || substr(h, 4, 15))::uuid,
       timestamptz 'epoch' + ms * interval '1 millisecond',
       'account-' || floor({accounts} * r * r)::int8,
       (exp(3.5 + 1.2 * ln(1 + 20 * r2)) )::numeric(12, 2), CASE WHEN n % 5 = 0 THEN 'USD' ELSE 'EUR' END,
       timestamptz 'epoch' + (ms - 400) * interval '1 millisecond',
       'merchant-' || n % 5000, (5000 + n % 200)::text, 'city-' || n % 300, 40 + 15 * r, 20 * r2,
       (ARRAY['BE', 'NL', 'FR', 'DE', 'LU'])[1 + n % 5], CASE WHEN n % 3 = 0 THEN 'online' ELSE 'card' END,
       'device-' || floor({accounts} * 1.5 * r * r)::int8, '10.' || n % 250 || '.' || n % 199 || '.' || n % 97,
       CASE WHEN n % 4 = 0 THEN 'beneficiary-' || n % 20000 END, 'key-' || n
FROM (SELECT n, {start} + (n - {first}) * {span} / {rows} AS ms, random() AS r, random() AS r2, md5(n::text) AS h
      FROM generate_series({first}::int8, {first}::int8 + {rows} - 1) AS n) AS g
"""

_DECISIONS = """
INSERT INTO {decisions} (transaction_id, created_at, account_id, account_sequence, score, level, outcome, rules_score,
                         behaviour_score, model_score, rules_weight, behaviour_weight, model_weight, rules, features,
                         ruleset_version, catalogue_version, rates_version, decided_at)
SELECT transaction_id, created_at, account_id, n, score,
       CASE WHEN score < 40 THEN 'low' WHEN score < 70 THEN 'medium' WHEN score < 90 THEN 'high' ELSE 'critical' END,
       CASE WHEN score < 70 THEN 'approve' WHEN score < 90 THEN 'review' ELSE 'decline' END,
       score, score / 2, NULL, 0.59, 0.41, 0,
       CASE WHEN n % 10 = 0 THEN ARRAY['RULE_NIGHT_TRANSACTION', 'RULE_CROSS_BORDER'] ELSE '{{}}' END,
       v.features, 1, 1, 1, created_at + interval '9 milliseconds'
FROM (SELECT t.*, substr(idempotency_key, 5)::int8 AS n, (91 * power(random(), 9) + 8 * random())::float8 AS score
      FROM {transactions} t) t
JOIN vectors v ON v.id = n % {vectors}
"""


class Filled(msgspec.Struct, frozen=True):
    """What was made: rows, months, oldest first, bytes on disk with indexes, and seconds it took."""

    rows: int
    months: tuple[Month, ...]
    size: int
    seconds: float


async def fill(url: str, rows: int) -> Filled:
    """Makes so many decided transactions in the months up to now, in an empty database. Vacuumed and analysed."""
    started = time.monotonic()
    await starters.prepare(url)
    months = _months(clock.now_ms())
    await _with_database(url, months)
    connection = await asyncpg.connect(url)
    try:
        await _prepare(connection, rows)
        shares = _shares(rows, months)
        queue = list(shares)
        await asyncio.gather(*(_fill_months(url, queue, _accounts(rows)) for _ in range(SIDE_BY_SIDE)))
        await _finish(connection, rows, months[-1])
        size = await connection.fetchval("SELECT pg_database_size(current_database())")
    finally:
        await connection.close()
    return Filled(rows, months, size, time.monotonic() - started)


class _Share(msgspec.Struct, frozen=True):
    """The rows of a month: numbers from `first`, times from `start` over `span` milliseconds."""

    month: Month
    first: int
    rows: int
    start: int
    span: int


def _shares(rows: int, months: Sequence[Month]) -> list[_Share]:
    now, each, shares = clock.now_ms(), rows // len(months), []
    for place, month in enumerate(months):
        start = month.start_ms
        end = min(month.end_ms, now)
        count = rows - each * place if place == len(months) - 1 else each
        shares.append(_Share(month, each * place, count, start, end - start - 1))
    return shares


async def _with_database(url: str, months: Sequence[Month]) -> None:
    database = await Database.connect(url, idle=1, most=2, name="fill")
    try:
        await partitions.ensure_for(database, [month.start_ms for month in months])
    finally:
        await database.close()


async def _prepare(connection: asyncpg.Connection, rows: int) -> None:
    await connection.execute("ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey")
    await connection.execute(
        f"CREATE TABLE vectors AS"
        f" SELECT id, array_agg(CASE WHEN random() < 0.1 THEN 'NaN' ELSE random() * 100 END::real) AS features"
        f" FROM generate_series(0, {VECTORS - 1}) AS id, generate_series(1, {FEATURES}) GROUP BY id"
    )
    await connection.execute("ANALYZE vectors")
    await connection.execute(
        f"INSERT INTO accounts (account_id, type, home_country, history_seq, history_step)"
        f" SELECT 'account-' || n, 'personal', 'BE', {rows}, 1 FROM generate_series(0, {_accounts(rows) - 1}) AS n"
    )


async def _fill_months(url: str, queue: list[_Share], accounts: int) -> None:
    connection = await asyncpg.connect(url, server_settings={"work_mem": "64MB"})
    try:
        while queue:
            await _fill_month(connection, queue.pop(), accounts)
    finally:
        await connection.close()


async def _fill_month(connection: asyncpg.Connection, share: _Share, accounts: int) -> None:
    """Emptying a table in the same transaction spares the log of all that is written to it."""
    transactions, decisions = (partitions.table(parent, share.month) for parent in ("transactions", "decisions"))
    async with connection.transaction():
        await connection.execute(f"TRUNCATE {transactions}, {decisions}")
        values = {"first": share.first, "rows": share.rows, "start": share.start, "span": share.span}
        await connection.execute(_TRANSACTIONS.format(table=transactions, accounts=accounts, **values))
        await connection.execute(_DECISIONS.format(transactions=transactions, decisions=decisions, vectors=VECTORS))
    await connection.execute(f"VACUUM (FREEZE, ANALYZE) {transactions}, {decisions}")


async def _finish(connection: asyncpg.Connection, rows: int, newest: Month) -> None:
    async with connection.transaction():
        await connection.execute("TRUNCATE idempotency_keys")
        await connection.execute(
            f"INSERT INTO idempotency_keys SELECT md5(n::text)::uuid, md5(n::text)::uuid, md5(n::text)::uuid"
            f" FROM generate_series(0, {rows - 1}) AS n"
        )
        await connection.execute("ALTER TABLE idempotency_keys ADD PRIMARY KEY (key_digest)")
    await connection.execute(
        f"WITH late AS (DELETE FROM decisions WHERE created_at >= (SELECT min(created_at) FROM (SELECT created_at"
        f" FROM transactions ORDER BY created_at DESC LIMIT {min(PENDING, rows // 100)}) n)"
        f" RETURNING transaction_id, created_at)"
        f" INSERT INTO pending (transaction_id, created_at, published_at)"
        f" SELECT transaction_id, created_at, now() - interval '1 hour' FROM late"
    )
    await connection.execute("VACUUM (FREEZE, ANALYZE) accounts, idempotency_keys, pending, decisions_" + newest.suffix)


def _accounts(rows: int) -> int:
    return max(10, rows // ROWS_PER_ACCOUNT)


def _months(now_ms: int) -> tuple[Month, ...]:
    return tuple(Month.of(now_ms).plus(ahead) for ahead in range(1 - MONTHS, 1))
