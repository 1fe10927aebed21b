"""What statements read of twelve months: one month where one is asked for, side by side where all are."""

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import msgspec
import pytest
from benchmarks.month_queries import Known

from benchmarks import month_fill, month_plans, month_queries
from riskengine.domain import clock, ids
from riskengine.domain.month import Month
from riskengine.stack.postgres import Postgres
from riskengine.storage import queries
from riskengine.storage.records import LAST_TIME

ROWS = 60_000
"""Of all twelve months: enough that an index is worth its while, whatever vacuum found just before."""


@pytest.fixture(scope="module")
async def url(postgres: Postgres) -> AsyncIterator[str]:
    """Twelve months of decided transactions."""
    name = f"months_{uuid.uuid4().hex}"
    administrator = await asyncpg.connect(postgres.url("postgres"))
    await administrator.execute(f"CREATE DATABASE {name}")
    await month_fill.fill(postgres.url(name), ROWS)
    yield postgres.url(name)
    await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await administrator.close()


@pytest.fixture
async def connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url, server_settings={"jit": "off"})
    yield connection
    await connection.close()


@pytest.fixture
async def known(connection: asyncpg.Connection) -> Known:
    return await month_queries.known(connection)


@pytest.mark.parametrize("query", ["transaction_get", "decision_get"])
async def test_a_look_up_by_id_reads_one_month(query: str, connection: asyncpg.Connection, known: Known) -> None:
    """Planned for the values, and once for all values: the server chooses either."""
    plan = await month_plans.explain(connection, query, (known.transaction_id, known.created_at))
    assert (plan.rows, plan.months, plan.scanned) == (1, 1, ())

    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE asked (uuid, timestamptz) AS {queries.text(query)}")
    text = await connection.fetchval(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE asked ('{known.transaction_id}', '{known.created_at}')"
    )
    plan = month_plans.of(msgspec.json.decode(text)[0])
    assert (plan.rows, plan.months, plan.scanned) == (1, 1, ())


@pytest.mark.parametrize("query", ["ingest", "decide", "decide_new"])
async def test_what_is_written_reads_no_month(query: str, connection: asyncpg.Connection, known: Known) -> None:
    case = next(case for case in month_queries.cases(known) if case.query == query)

    plan = await month_plans.explain(connection, query, case.arguments)

    assert plan.rows == 100
    assert (plan.months, plan.scanned) == (0, ())


async def test_an_accounts_page_of_a_month_reads_that_month_by_index(
    connection: asyncpg.Connection, known: Known
) -> None:
    month = Month.of(clock.to_ms(known.created_at))
    ends = (ids.first(month.start_ms), ids.first(month.end_ms), month.start, clock.to_datetime(month.end_ms - 1))

    plan = await month_plans.explain(connection, "records_of_account", (*ends, 51, known.account_id, False, None))

    assert plan.rows > 0
    assert (plan.months, plan.scanned) == (1, ())


async def test_the_newest_page_reads_no_further_back_than_it_must(connection: asyncpg.Connection, known: Known) -> None:
    """Those of an account in the months are read newest first, until the page is full."""
    ends = (ids.first(0), ids.first(LAST_TIME), clock.to_datetime(0), clock.to_datetime(LAST_TIME))
    of = await connection.fetchval(
        "SELECT account_id FROM transactions WHERE created_at >= $1 GROUP BY 1 HAVING count(*) > 20 LIMIT 1",
        known.now - timedelta(days=20),
    )

    plan = await month_plans.explain(connection, "records_of_account", (*ends, 11, of, False, None))

    assert plan.rows == 11
    assert plan.months <= 1 + 1 + 2  # this month and perhaps the one before; two are made ahead, and empty
    assert plan.scanned == ()


@pytest.mark.parametrize("query", ["decisions_by_level", "rules_fired"])
async def test_what_reads_all_months_does_it_side_by_side(query: str, connection: asyncpg.Connection) -> None:
    """On many rows by itself; these are few, so the server is told that helpers cost nothing."""
    for setting in ("min_parallel_table_scan_size", "parallel_setup_cost", "parallel_tuple_cost"):
        await connection.execute(f"SET {setting} = 0")

    plan = await month_plans.explain(connection, query, ())

    assert plan.workers > 0
    assert plan.months == 12 + 2


async def test_new_months_are_vacuumed_as_months_that_only_grow(connection: asyncpg.Connection) -> None:
    options = await connection.fetch(
        "SELECT reloptions FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid"
        " WHERE c.relkind = 'r' AND i.inhparent IN ('transactions'::regclass, 'decisions'::regclass)"
    )

    assert len(options) == 2 * (12 + 2)
    assert all("autovacuum_freeze_min_age=0" in row["reloptions"] for row in options)
