"""Every documented metric is there and moves when what it measures happens; metrics are there when servers are not."""

import asyncio
import math
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing

import httpx
import pytest

from riskengine.chaos.poison import Poison
from riskengine.stack.stack import Stack
from riskengine.storage.database import Database
from tests.docs.pages import ROOT, Page
from tests.models import bundles
from tests.pipeline.published import STARTER, marked
from tests.promises.conftest import drained
from tests.promises.measured import Watch, value
from tests.telemetry.metrics_collector import MetricsCollector

ELSEWHERE = {
    "riskengine_backfilled_total": "tests/pipeline/test_backfill.py::"
    "test_what_an_emptied_server_lost_is_cold_and_filled_again_by_itself",
    "riskengine_histories_unkept_total": "tests/pipeline/test_decide.py::"
    "test_histories_that_cannot_be_kept_are_counted_and_rebuilt",
    "riskengine_model_degraded_total": "tests/models/test_onnx_model.py::"
    "test_a_run_that_breaks_gives_no_scores_and_the_next_may",
    "riskengine_reload_failures_total": "tests/pipeline/test_running.py::test_what_it_cannot_use_leaves_the_one_before",
    "riskengine_replica_lag_seconds": "tests/storage/test_reads.py::test_reads_go_where_the_freshness_they_declare_is",
    "riskengine_replica_up": "tests/stack/test_postgres_replica.py::test_a_stack_with_a_replica_reads_from_it",
    "riskengine_stale_total": "tests/pipeline/test_decide.py::test_concurrent_workers_decide_each_once_in_one_order",
}
"""What needs other outages, or chance, and the tests in which it moves."""

HASTY = {
    "RETRY_ATTEMPTS": "1",
    "RETRY_FIRST_MS": "10",
    "RELAY_AFTER_MS": "100",
    "BREAKER_FAILURES": "2",
    "METRICS_PUSH_SECONDS": "1",
}


@pytest.fixture(scope="module")
def collector() -> Iterator[MetricsCollector]:
    with MetricsCollector() as collector:
        yield collector


@pytest.fixture(scope="module")
def stack(collector: MetricsCollector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One API process and one worker, which send their metrics, too."""
    environment = HASTY | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    directory = tmp_path_factory.mktemp("stack")
    with Stack(directory, api=1, workers=1, environment=lambda _: environment) as stack:
        yield stack


@pytest.fixture
def watch(stack: Stack) -> Watch:
    return Watch(stack)


def _key(stack: Stack, *more: str) -> str:
    command = [sys.executable, "-m", "riskengine", "keys", "create", "--name", "test", *more]
    environment = {**os.environ, **stack.addresses}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


@asynccontextmanager
async def _client(stack: Stack, *key: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {_key(stack, *key)}"}
    async with httpx.AsyncClient(base_url=f"{stack.url}/api/v1", headers=headers, timeout=30) as client:
        yield client


def _payment(number: int, account: str = "alice") -> dict[str, object]:
    return {"account_id": account, "amount": "99.50", "currency": "EUR", "idempotency_key": f"m-{number}"}


async def _publish(client: httpx.AsyncClient, kind: str, content: bytes, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    draft = (await client.post(f"/{kind}/drafts", content=content, headers=headers, params={"note": "try"})).json()
    answer = await client.post(f"/{kind}/drafts/{draft['draft_id']}/publish")
    assert answer.status_code == 200, answer.text


async def _ordinary(client: httpx.AsyncClient, watch: Watch) -> None:
    """What comes in every day: one by one, in batches, to be decided at once, again, wrong, and questions."""
    first = (await client.post("/decisions", json=_payment(1))).json()["transaction_id"]
    for answer in (
        await client.post("/transactions", json=_payment(2)),
        await client.post("/transactions/batch", json={"transactions": [_payment(n) for n in range(10, 60)]}),
        await client.post("/transactions", json=_payment(2)),
        await client.post("/transactions", json={"amount": "many"}),
        await client.get("/transactions/nobody"),
    ):
        assert answer.status_code < 500, answer.text
    rules = marked(7).replace(b"id: RULE_MARK_7", b"id: RULE_MARK_7\n    mode: shadow")
    await _publish(client, "rulesets", rules, "application/yaml")
    bundle = bundles.packed(catalogue=STARTER.catalogue)
    await _publish(client, "models", bundle, "application/octet-stream")
    watch.until(
        lambda shown: all(value(one, "riskengine_running_version", kind="model") == 1 for one in shown.values()),
        "the model runs everywhere",
    )
    await client.post("/decisions", json=_payment(3))
    await client.post("/transactions", json=_payment(4))
    assert (await client.get(f"/transactions/{first}/decision")).status_code == 200  # of an old engine
    assert (await client.get("/accounts/alice/profile")).status_code == 200
    assert (await client.get("/analytics/summary")).status_code == 200


async def _waiting(stack: Stack, client: httpx.AsyncClient, database: Database, watch: Watch) -> None:
    """Work that waits: for PostgreSQL, and a body that does not come."""
    async with database.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE decisions, transactions IN EXCLUSIVE MODE")
        stuck = asyncio.create_task(client.post("/transactions", json=_payment(100)))
        head = "POST /api/v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n"
        port = stack.api[0].port
        with closing(socket.create_connection(("127.0.0.1", port))) as sender:
            sender.sendall(f"{head}{_authorization(client)}\r\n\r\n".encode())
            await asyncio.to_thread(
                watch.until,
                lambda shown: (
                    value(shown["api-1"], "riskengine_ingest_waiting") > 0
                    and value(shown["api-1"], "riskengine_body_bytes") > 0
                    and value(shown["api-1"], "riskengine_pool_connections", state="used") > 0
                ),
                "a transaction and a body wait",
            )
    await stuck


def _authorization(client: httpx.AsyncClient) -> str:
    return f"Authorization: {client.headers['authorization']}"


async def _queued(client: httpx.AsyncClient, database: Database, watch: Watch) -> None:
    """A queue that nobody works on, because nothing can be decided."""
    async with database.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE decisions IN EXCLUSIVE MODE")
        await connection.execute("SELECT pg_current_xact_id()")  # it may write: rollups have to wait for it, too
        await client.post("/transactions/batch", json={"transactions": [_payment(n) for n in range(200, 300)]})
        await asyncio.to_thread(
            watch.until,
            lambda shown: (
                value(shown["worker-1"], "riskengine_queue_depth") > 0
                and value(shown["worker-1"], "riskengine_queue_lag_seconds") > 0
                and value(shown["worker-1"], "riskengine_rollups_behind_seconds") > 0
            ),
            "messages wait in the queue, and rollups for who may write",
        )


async def _undecidable(stack: Stack, database: Database, watch: Watch) -> None:
    """A message that is none, and a transaction that cannot be scored."""
    stack.valkey.ask("XADD", "transactions", "*", "d", "\x09rubbish")
    await Poison(database).store("mallory")
    await asyncio.to_thread(
        watch.until,
        lambda shown: (
            value(shown["worker-1"], "riskengine_dead_letters_total") >= 2
            and value(shown["worker-1"], "riskengine_retried_total") >= 1
        ),
        "two dead letters",
    )


async def _without_valkey(stack: Stack, client: httpx.AsyncClient, limited: httpx.AsyncClient, watch: Watch) -> None:
    """Valkey dies, and another one follows, which knows nothing."""
    answers = [await limited.post("/transactions", json=_payment(n, "bob")) for n in (400, 401, 402)]
    assert answers[-1].status_code == 429
    stack.valkey.stop(0.0)
    await limited.post("/transactions", json=_payment(403, "bob"))
    await asyncio.to_thread(
        watch.until,
        lambda shown: (
            value(shown["worker-1"], "riskengine_breaker_state", part="redis") == 2
            and value(shown["worker-1"], "riskengine_breaker_refused_total", part="redis") > 0
            and math.isnan(value(shown["worker-1"], "riskengine_queue_depth"))
        ),
        "the worker leaves Valkey alone, and says that it does not know the queue",
    )
    await client.post("/transactions", json=_payment(404))
    stack.valkey.start()
    async with asyncio.timeout(60):  # its account's history is gone, and made again
        while (await client.post("/decisions", json=_payment(405))).status_code != 200:
            await asyncio.sleep(0.1)


async def test_every_metric_is_there_and_moves(
    stack: Stack, database: Database, watch: Watch, collector: MetricsCollector
) -> None:
    documented = {row[0].strip("`"): row[2] for row in Page.read(ROOT / "docs" / "operate.md").table("metric")}
    # When all happens that is cheap to make happen
    limit = ("--scope", "ingest", "--rate", "1", "--burst", "1")
    async with _client(stack, "--scope", "admin") as client, _client(stack, *limit) as limited:
        await _ordinary(client, watch)
        await _waiting(stack, client, database, watch)
        await drained(database)
        await _queued(client, database, watch)
        await drained(database)
        await _undecidable(stack, database, watch)
        await _without_valkey(stack, client, limited, watch)
    # Then every metric that is documented is shown, and no other
    await asyncio.to_thread(
        watch.until,
        lambda _: watch.moved >= documented.keys() - ELSEWHERE.keys(),
        f"all moved, {sorted(documented.keys() - ELSEWHERE.keys() - watch.moved)} too",
    )
    assert watch.names == documented.keys()
    # And those that did not move do so in tests that there are
    for metric, test in ELSEWHERE.items():
        assert metric in documented
        path, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / path).read_text()
    # And all are sent by OTLP, too
    both = {"riskengine-api", "riskengine-worker"}
    collector.until(lambda: {service for service, _ in collector.last} == both)
    sent = {name for values in collector.last.values() for name, _ in values}
    assert {name for name in watch.moved if name not in sent and f"{name}_count" not in sent} == set()


async def test_without_postgresql_a_scrape_says_what_is_known_and_the_engine_goes_on(
    stack: Stack, watch: Watch
) -> None:
    async with _client(stack, "--scope", "admin") as client:
        # Given a process that decides
        decided = await client.post("/decisions", json=_payment(500))
        assert decided.status_code == 200
        # When PostgreSQL dies
        stack.postgres.stop(0.0)
        assert (await client.post("/decisions", json=_payment(501))).status_code == 503
        # Then every process is scraped as ever, and says which part is away, and what nobody knows
        await asyncio.to_thread(
            watch.until,
            lambda shown: (
                all(value(one, "riskengine_breaker_state", part="postgresql") == 2 for one in shown.values())
                and math.isnan(value(shown["worker-1"], "riskengine_postgresql_connections"))
                and math.isnan(value(shown["worker-1"], "riskengine_processes", role="api"))
                and math.isnan(value(shown["worker-1"], "riskengine_months_ahead"))
                and value(shown["worker-1"], "riskengine_queue_depth") >= 0
            ),
            "what is away is told",
        )
        # When it is back, then they go on, and know again
        stack.postgres.start()
        await asyncio.to_thread(
            watch.until,
            lambda shown: (
                value(shown["worker-1"], "riskengine_processes", role="api") == 1
                and value(shown["worker-1"], "riskengine_months_ahead") == 2
            ),
            "what is back is known",
        )
        assert (await client.post("/decisions", json=_payment(501))).status_code == 200
