"""Processes that are traced: one trace from HTTP to SQL over processes, and nothing of a person in it or in logs."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import msgspec
import pytest
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from riskengine.domain.transaction import Submission
from riskengine.pipeline import starters
from riskengine.resilience import redis as connections
from riskengine.stack import ports
from riskengine.stack.engine import EngineProcess
from riskengine.stack.postgres import Postgres
from riskengine.stack.process import stop_all
from riskengine.stack.standing import Kind
from riskengine.stack.valkey import Valkey
from riskengine.storage import api_keys, submissions
from riskengine.storage.database import Database
from riskengine.streaming import messages
from riskengine.streaming.partitioned_stream import PartitionedStream
from riskengine.telemetry.origin import Origin
from tests import factories
from tests.telemetry.collector import PATIENCE, Collector, Seen, Trace
from tests.telemetry.headers import Asked

PERSONAL = {
    "account_id": "acct-jane-roe-1970",
    "merchant": "Dr Secretstein Clinic",
    "merchant_category": "oncology-ward",
    "location": "Nowhereville, 12 Hidden Lane",
    "latitude": 48.123457,
    "longitude": 11.654321,
    "device_id": "phone-of-jane-roe",
    "ip": "203.0.113.77",
    "beneficiary": "DE89370400440532013000",
    "card_bin": "455673",
    "amount": "73519.46",
}
"""What a transaction says of a person. Each value is unlike anything else that is logged."""

EMAIL, CARD = "jane.roe@example.org", "4111111111111111"
KEY = "order-of-jane-roe"
JSON = {"content-type": "application/json"}
ODD = "jroe70"
"""What a corrupt message says where it ought to say something else; as long as that."""

RARELY = "0.0000001"
"""Percent: only what its sender has traced is."""

VALUES = [str(value).encode() for value in PERSONAL.values()] + [
    EMAIL.encode(),
    CARD.encode(),
    KEY.encode(),
    ODD.encode(),
]


class Running(msgspec.Struct, frozen=True):
    """An engine that is traced, and who collects its traces. Its logs are in the directory."""

    database_url: str
    redis_url: str
    url: str
    collector: Collector
    directory: Path
    key: str


@pytest.fixture(scope="module")
async def running(
    collector: Collector, postgres: Postgres, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """An API process and a worker, which log all there is, and try what failed again once, soon."""
    administration = await asyncpg.connect(postgres.url("postgres"))
    await administration.execute("CREATE DATABASE traced")
    await administration.close()
    await starters.prepare(postgres.url("traced"))
    database = await Database.connect(postgres.url("traced"), idle=1, most=1, name="test")
    key = await api_keys.create(database, "test", ("admin",))
    await database.close()
    with BlockingRedis.from_url(valkey.url) as client:
        client.flushall()
    environment = {
        **os.environ,
        "DATABASE_URL": postgres.url("traced"),
        "REDIS_URL": valkey.url,
        "TRACING_SAMPLE": RARELY,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "LOG_LEVEL": "debug",
        "RETRY_ATTEMPTS": "1",
        "RETRY_FIRST_MS": "1",
    }
    directory = tmp_path_factory.mktemp("traced")
    parts = [EngineProcess(kind, kind, directory, environment, ports.free()) for kind in (Kind.API, Kind.WORKER)]
    for part in parts:
        part.process.start()
    try:
        for part in parts:
            await asyncio.to_thread(part.wait_ready, len(parts))
        yield Running(
            postgres.url("traced"), valkey.url, f"http://127.0.0.1:{parts[0].port}", collector, directory, key
        )
    finally:
        stop_all([part.process for part in parts], PATIENCE)


@pytest.fixture
async def client(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {running.key}"}
    async with httpx.AsyncClient(base_url=f"{running.url}/api/v1", headers=headers, timeout=30) as client:
        yield client


async def _whole(running: Running, asked: Asked, *last: str) -> Trace:
    """The trace, once it has these steps: each process sends its own."""
    return await asyncio.to_thread(running.collector.trace, asked.trace_id, lambda trace: [*map(trace.one, last)])


async def test_a_trace_leads_from_the_request_to_the_statement_that_stored_the_decision(
    running: Running, client: httpx.AsyncClient
) -> None:
    # Given a request that its sender has traced, among many that are not
    asked = Asked.new()
    body = {"account_id": "alice", "amount": 1, "currency": "EUR"}
    many = [client.post("/transactions", json=body | {"account_id": f"a{n}"}) for n in range(20)]
    answer, *others = await asyncio.gather(
        client.post("/transactions", json=body, headers=asked.header | {"x-request-id": "mine"}), *many
    )
    assert {answer.status_code, *(other.status_code for other in others)} == {201}
    # When its transaction is decided
    trace = await _whole(running, asked, "process transactions", "POST /api/v1/transactions")
    # Then each step hangs below the one that caused it, over both processes
    request = trace.one("POST /api/v1/transactions")
    assert request.parent == asked.span_id
    ingest = ["POST /api/v1/transactions", "ingest"]
    message = [*ingest, "send transactions"]
    batch = [*message, "process transactions"]
    assert trace.path(trace.one("ingest.sql")) == [*ingest, "ingest.sql"]
    assert trace.path(trace.one("XADD")) == [*message, "XADD"]
    assert trace.path(trace.one("decide.sql")) == [*batch, "store", "decide.sql"]
    assert trace.path(trace.one("XACK XDEL")) == [*batch, "XACK XDEL"]
    services = {step.name: step.service for step in trace.steps}
    assert (services["XADD"], services["decide.sql"]) == ("riskengine-api", "riskengine-worker")
    # And says what it is about in OpenTelemetry's words, the transaction and the request included
    kinds = {step.name: step.kind for step in trace.steps}
    assert kinds["POST /api/v1/transactions"] == "SERVER"
    assert (kinds["send transactions"], kinds["process transactions"]) == ("PRODUCER", "CONSUMER")
    assert (kinds["decide.sql"], kinds["store"]) == ("CLIENT", "INTERNAL")
    said = trace.one("decide.sql").attributes
    assert said == {"db.system.name": "postgresql", "db.query.summary": "decide.sql"}
    assert request.attributes["http.route"] == "/api/v1/transactions"
    assert request.attributes["http.response.status_code"] == 201
    process = trace.one("process transactions").attributes
    assert process["riskengine.transaction_id"] == answer.json()["transaction_id"]
    assert process["riskengine.request_id"] == request.attributes["riskengine.request_id"] == "mine"
    assert process["messaging.destination.name"] == "transactions"
    # And of all the others nothing was sent
    assert {step.trace_id for step in running.collector.steps} == {asked.trace_id}


async def test_a_decision_that_is_waited_for_is_one_trace(running: Running, client: httpx.AsyncClient) -> None:
    asked = Asked.new()
    body = {"account_id": "bob", "amount": 1, "currency": "EUR"}
    assert (await client.post("/decisions", json=body, headers=asked.header)).status_code == 200
    trace = await _whole(running, asked, "POST /api/v1/decisions")
    above = ["POST /api/v1/decisions", "decide"]
    assert trace.path(trace.one("decide_new.sql")) == [*above, "store", "decide_new.sql"]
    assert [len(trace.all(stage)) for stage in ("recall", "score", "store", "keep")] == [1, 1, 1, 1]


async def test_transactions_of_one_batch_are_in_its_trace(running: Running, client: httpx.AsyncClient) -> None:
    asked = Asked.new()
    body = {"transactions": [{"account_id": f"c{n}", "amount": 1, "currency": "EUR"} for n in range(10)]}
    assert (await client.post("/transactions/batch", json=body, headers=asked.header)).status_code == 201
    # However many transactions, what is done to them together is one step
    trace = await _whole(running, asked, "send transactions", "POST /api/v1/transactions/batch")
    assert trace.path(trace.one("send transactions"))[:2] == ["POST /api/v1/transactions/batch", "ingest"]
    trace = await asyncio.to_thread(
        running.collector.trace,
        asked.trace_id,
        lambda found: (
            sum(one.attributes["messaging.batch.message_count"] for one in found.all("process transactions")) == 10
        ),
    )
    assert len(trace.all("decide.sql")) == len(trace.all("process transactions"))


async def test_nothing_of_a_person_is_in_traces_or_logs(running: Running, client: httpx.AsyncClient) -> None:
    # Given requests of every kind that are full of somebody's data, right and wrong, all of them traced
    asked = Asked.new()
    client.headers.update(asked.header)
    await _send_all(client)
    # And transactions that cannot be decided, and messages that cannot be read, with the same data
    poison = await _send_what_fails(running, asked)
    # When all is done to them that is, to the dead letter
    trace = await asyncio.to_thread(
        running.collector.trace,
        asked.trace_id,
        lambda found: _unread(found) and len(_tries(found, poison)) == 2 and found.one("POST /api/v1/decisions"),
    )
    # Then no log has any of it
    logs = {path: path.read_bytes() for path in running.directory.glob("*.log")}
    # Though it says which trace and request each letter belongs to
    lines = [line for text in logs.values() for line in text.splitlines() if b'"dead_letter_made"' in line]
    made = [msgspec.json.decode(line) for line in lines]
    assert [(line["trace_id"], line["request_id"]) for line in made if line["transaction_id"] == poison] == [
        (asked.trace_id, "by-hand")
    ]
    assert {line["trace_id"] for line in made} == {asked.trace_id}
    assert [(path.name, value) for path, text in logs.items() for value in VALUES if value in text] == []
    # Nor has any trace, as it went over the wire
    assert len(trace.steps) > 50
    assert [value for body in running.collector.bodies for value in VALUES if value in body] == []


def _tries(trace: Trace, transaction_id: str) -> list[Seen]:
    """The steps in which a worker tried to decide it."""
    steps = trace.all("process transactions")
    return [step for step in steps if step.attributes.get("riskengine.transaction_id") == transaction_id]


def _unread(trace: Trace) -> list[Seen]:
    """The steps in which a worker gave up what it could not read."""
    steps = trace.all("process transactions")
    return [step for step in steps if step.failed and "riskengine.transaction_id" not in step.attributes]


async def _send_all(client: httpx.AsyncClient) -> None:
    good = PERSONAL | {"currency": "EUR", "channel": "online", "metadata": {"email": EMAIL}, "idempotency_key": KEY}
    account = PERSONAL["account_id"]
    answers = [
        await client.post("/decisions", json=good | {"idempotency_key": f"{KEY}-3"}),
        await client.post("/transactions", json=good),
        await client.post("/transactions", json=good | {"amount": "1"}),
        await client.post("/transactions", json=good | {"merchant": f"card {CARD}"}),
        await client.post("/transactions", json=good | {"currency": EMAIL}),
        await client.post("/transactions", content=f'{{"account_id": "{account}", {EMAIL}', headers=JSON),
        await client.put(f"/accounts/{account}", json={"country": EMAIL}),
        await client.get(f"/transactions/{EMAIL}"),
        await client.get(f"/accounts/{account}/profile"),
        await client.post("/transactions/batch", json={"transactions": [good | {"idempotency_key": f"{KEY}-2"}]}),
    ]
    assert [answer.status_code for answer in answers] == [200, 201, 409, 422, 422, 400, 422, 404, 200, 201]


async def _send_what_fails(running: Running, asked: Asked) -> str:
    """Stores and queues what cannot be decided, and what cannot be read; the id of the transaction."""
    fields = {name: value for name, value in PERSONAL.items() if name != "amount"}
    made = factories.submission(amount="NaN", channel="online", **fields)
    poison = Submission(made.transaction, f"{KEY}-4", made.content, f'{{"email": "{EMAIL}"}}')
    database = await Database.connect(running.database_url, idle=1, most=1, name="test")
    redis = connections.connect(running.redis_url, "test")
    assert isinstance(redis, Redis)
    try:
        async with database.connection() as connection:
            await submissions.store(connection, [poison])
        origin = Origin(asked.traceparent, b"by-hand")
        queue = PartitionedStream(redis)
        await queue.publish([messages.outgoing(poison.transaction, origin)])
        rubbish = messages.encode(poison.transaction).replace(b"online", ODD.encode())
        await queue.publish([msgspec.structs.replace(factories.outgoing(rubbish)[0], origin=origin)])
    finally:
        await redis.aclose()
        await database.close()
    return str(poison.transaction.transaction_id)
