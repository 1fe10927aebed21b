"""Tracing in one process: what is traced, how steps hang together, and that nobody waits for who collects them."""

import asyncio
import subprocess
import sys
from collections.abc import MutableMapping, Sequence
from typing import Any

import pytest
from redis.asyncio import Redis

from riskengine.domain.errors import ConfigurationError
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.engines import Fixed
from riskengine.pipeline.failing import Failing
from riskengine.pipeline.gathering import Gathering
from riskengine.pipeline.recall import Recall
from riskengine.pipeline.relay import Relay
from riskengine.pipeline.room import Room
from riskengine.pipeline.sending import send
from riskengine.resilience.retry import Schedule
from riskengine.scoring import shared
from riskengine.scoring.engine import Engine
from riskengine.settings import Settings
from riskengine.stack import ports
from riskengine.state.histories import Histories
from riskengine.state.origins import Origins
from riskengine.storage import api_keys, submissions
from riskengine.storage.database import Database
from riskengine.streaming import messages
from riskengine.streaming.partitioned_stream import PartitionedStream
from riskengine.streaming.queue import Queue
from riskengine.telemetry import exporting, tracing
from riskengine.telemetry.origin import Origin
from riskengine.worker.claims import Claims
from riskengine.worker.consumer import Consumer
from riskengine.worker.crew import Crew
from riskengine.worker.turns import Turns
from tests import factories
from tests.api.conftest import NOBODY_LISTENS, client_of, serving
from tests.telemetry.collector import Collector
from tests.telemetry.headers import Asked

Lines = list[MutableMapping[str, Any]]

ENGINE = Engine.starter()
RETRIES = 1


@pytest.fixture
def consumer(database: Database, redis: Redis, queue: Queue) -> Consumer:
    """A consumer whose failures are tried again once, at once."""
    histories = Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS)
    decider = Decider(database, Recall(database, histories, Fixed(ENGINE)), Fixed(ENGINE))
    schedule = Schedule(attempts=RETRIES, first_ms=0)
    failing = Failing(database, Fixed(ENGINE), schedule, worker="test", origins=Origins(redis))
    crew = Crew(Claims(), Turns(100), asyncio.Event())
    return Consumer("one", queue, decider, failing, crew, batch_size=100)


async def _send(database: Database, queue: Queue, askers: list[Asked | None], amount: str = "25.00") -> None:
    """Stores a transaction for each, of an account of its own, and puts it on the queue, traced if its sender is."""
    made = [factories.submission(account_id=f"a{n}", amount=amount) for n in range(len(askers))]
    async with database.connection() as connection:
        await submissions.store(connection, made)
    origins = [None if asked is None else Origin(asked.traceparent, b"request-7") for asked in askers]
    await send(queue, [messages.outgoing(s.transaction, o) for s, o in zip(made, origins, strict=True)])


async def _work(consumer: Consumer, queue: Queue) -> None:
    assert await consumer.work(await queue.read("one", 100, 10))


async def test_one_of_many_in_a_batch_is_traced(
    traced: Collector, consumer: Consumer, database: Database, queue: Queue
) -> None:
    # Given twenty transactions of which the eighth is traced
    asked = Asked.new()
    await _send(database, queue, [asked if n == 7 else None for n in range(20)])
    # When a consumer decides them as one batch
    await _work(consumer, queue)
    # Then its trace has the batch, with its stages and what they asked of the servers
    trace = await asyncio.to_thread(traced.trace, asked.trace_id, lambda found: found.one("process transactions"))
    assert trace.one("process transactions").attributes["messaging.batch.message_count"] == 20
    above = ["send transactions", "process transactions"]
    assert trace.path(trace.one("decide.sql")) == [*above, "store", "decide.sql"]
    assert trace.path(trace.all("HMGET HGETALL MGET")[0]) == [*above, "recall", "HMGET HGETALL MGET"]
    assert trace.path(trace.one("XACK XDEL")) == [*above, "XACK XDEL"]
    assert [len(trace.all(stage)) for stage in ("recall", "score", "store", "keep")] == [1, 1, 1, 1]
    assert trace.one("send transactions").parent == asked.span_id
    # And no other trace came of it
    assert {step.trace_id for step in traced.steps} == {asked.trace_id}


async def test_several_traces_share_a_batch_by_links(
    traced: Collector, consumer: Consumer, database: Database, queue: Queue
) -> None:
    # Given a batch in which three transactions are traced, two of them of one request
    first, second = Asked.new(), Asked.new()
    await _send(database, queue, [None, first, second, first])
    # When it is decided
    await _work(consumer, queue)
    # Then the batch is in the first trace, once, and its links lead to the others, and theirs to it
    host = await asyncio.to_thread(traced.trace, first.trace_id, lambda found: found.one("process transactions"))
    other = await asyncio.to_thread(traced.trace, second.trace_id, lambda found: found.one("process transactions"))
    batch, guest = host.one("process transactions"), other.one("process transactions")
    assert host.path(host.one("decide.sql"))[1:] == ["process transactions", "store", "decide.sql"]
    assert batch.links == (guest.place,)
    assert guest.links == (batch.place,)
    assert [step.name for step in other.steps] == ["send transactions", "process transactions"]
    # And so is the way to the stream
    assert host.one("send transactions").links == (other.one("send transactions").place,)


async def test_a_message_that_is_not_traced_is_not_a_byte_larger(
    traced: Collector, database: Database, queue: Queue, redis: Redis
) -> None:
    # Given a transaction that is traced, one whose sender says that it is not, and one of which nobody says anything
    await _send(database, queue, [Asked.new(), Asked.new(sampled=False), None])
    # When their entries are looked at
    entries = [fields for _, fields in await redis.xrange("transactions")]
    # Then the first says where it comes from, and the others have their transaction alone
    assert [sorted(fields) for fields in entries] == [[b"d", b"r", b"t"], [b"d"], [b"d"]]


async def test_versions_with_and_without_traces_read_each_other(
    traced: Collector, consumer: Consumer, database: Database, queue: Queue, redis: Redis
) -> None:
    # Given messages: of a version that knows no traces, and with fields that say nothing a trace could be made of
    made = [factories.submission(account_id=f"b{n}") for n in range(4)]
    async with database.connection() as connection:
        await submissions.store(connection, made)
    strange = [
        {},
        {b"t": b"\xff" * 9, b"r": b"\xff"},
        {b"t": b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01"},
        {b"z": b"1"},
    ]
    for submission, others in zip(made, strange, strict=True):
        await redis.xadd("transactions", {b"d": messages.encode(submission.transaction), **others})
    # When this version works on them
    await _work(consumer, queue)
    # Then all are decided
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM decisions") == len(made)
    # And what this version sends is, for one that looks at the message alone, what it always was
    await _send(database, queue, [Asked.new()])
    [(_, fields)] = await redis.xrange("transactions")
    assert messages.decode(fields[b"d"]).account_id == "a0"


async def test_a_retry_and_its_dead_letter_are_in_the_same_trace(
    traced: Collector,
    consumer: Consumer,
    database: Database,
    redis: Redis,
    lines: Lines,
) -> None:
    queue = PartitionedStream(redis)
    # Given a transaction that cannot be decided, and is traced, beside one that is not
    asked = Asked.new()
    await _send(database, queue, [None, asked], amount="NaN")
    # When it fails, is tried again when that is due, and fails again
    await _work(consumer, queue)
    relay = Relay(database, queue, after_ms=1000, limit=100, origins=Origins(redis))
    assert await relay.bring_back_retries() == 2
    await _work(consumer, queue)
    # Then both tries are in the trace, one after the other, and failed
    trace = await asyncio.to_thread(
        traced.trace, asked.trace_id, lambda found: len(found.all("process transactions")) == 2
    )
    again = trace.all("process transactions")[1]
    assert trace.path(again) == ["send transactions", "process transactions"] * 2
    assert all(step.failed for step in trace.all("process transactions"))
    assert [len(trace.all("failures_note.sql"))] == [2]
    # And so are the lines about it, and no others
    about = [line for line in lines if "transaction_id" in line]
    mine = {step.attributes["riskengine.transaction_id"] for step in trace.all("process transactions")}
    assert {line["event"] for line in about} == {"transaction_undecidable", "dead_letter_made"}
    for line in about:
        ids = (asked.trace_id, "request-7") if line["transaction_id"] in mine else (None, None)
        assert (line.get("trace_id"), line.get("request_id")) == ids
    assert sum(line["transaction_id"] in mine for line in about) == RETRIES + 2


async def test_lines_of_a_traced_request_have_its_ids(
    collector: Collector, database: Database, database_url: str, lines: Lines
) -> None:
    # Given an API that traces every request, and no Valkey
    key = await api_keys.create(database, "test", ("admin",))
    settings = {"tracing_sample": 100.0, "otel_exporter_otlp_endpoint": collector.url}
    async with serving(database_url, NOBODY_LISTENS, **settings) as port, client_of(port, key) as client:
        # When a request cannot be answered for that
        body = {"account_id": "a", "amount": 1, "currency": "EUR"}
        answer = await client.post("/api/v1/decisions", json=body, headers={"x-request-id": "mine"})
        assert answer.status_code == 503
        # And another says that it is not to be traced
        untraced = Asked.new(sampled=False)
        assert (await client.post("/api/v1/decisions", json=body, headers=untraced.header)).status_code == 503
        await client.get("/health/live")
    # Then the line about the first has the ids of its step, and only its request was traced
    notable = [line for line in lines if line["event"] == "request_notable"]
    first, second = notable
    assert first["request_id"] == "mine"
    trace = collector.trace(first["trace_id"], lambda found: found.one("POST /api/v1/decisions"))
    step = trace.one("POST /api/v1/decisions")
    assert (step.span_id, step.kind, step.failed) == (first["span_id"], "SERVER", True)
    assert step.attributes["http.response.status_code"] == 503
    assert "trace_id" not in second
    assert untraced.trace_id not in {step.trace_id for step in collector.steps}
    assert not [step for step in collector.steps if "health" in step.name]


@pytest.mark.parametrize(
    ("share", "said", "expected"),
    [
        (0.0, None, False),
        (1.0, None, True),
        (0.0, b"00-1234567890abcdef1234567890abcdef-1234567890abcdef-01", True),
        (1.0, b"00-1234567890abcdef1234567890abcdef-1234567890abcdef-00", False),
        (0.0, b"00-garbage-01", False),
        (1.0, b"00-garbage-01", True),
    ],
)
def test_which_requests_are_traced(collector: Collector, share: float, said: bytes | None, expected: bool) -> None:
    tracing.start(share=share, endpoint=collector.url, service="riskengine-test", instance="test")
    try:
        step = tracing.request({} if said is None else {b"traceparent": said}, b"r")
        assert step.recorded is expected
    finally:
        tracing.stop()


async def test_a_group_is_in_the_traces_of_those_in_it_alone(traced: Collector) -> None:
    # Given a group of a request that is traced, under way
    gate, asked = asyncio.Event(), Asked.new()

    async def commit(group: Sequence[int]) -> list[int]:
        with tracing.span(f"group of {group[0]}"):
            await gate.wait()
        return list(group)

    gathering = Gathering(commit, Room(10))

    async def submit(number: int, headers: dict[bytes, bytes]) -> int:
        with tracing.request(headers, b"r"):
            return await gathering.submit(number)

    first = asyncio.create_task(submit(1, {b"traceparent": asked.traceparent}))
    await asyncio.sleep(0)
    # When one that is not comes meanwhile, and both are done one after the other by the same task
    second = asyncio.create_task(submit(2, {}))
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(first, second) == [1, 2]
    # Then the trace has its own group, and nothing of the other
    trace = await asyncio.to_thread(traced.trace, asked.trace_id, lambda found: found.one("HTTP"))
    assert [step.name for step in trace.steps] == ["HTTP", "group of 1"]


def test_nothing_is_recorded_and_nothing_loaded_while_it_is_off() -> None:
    assert not tracing.request({b"traceparent": Asked.new().traceparent}, b"r").recorded
    assert not tracing.span("store").recorded
    assert tracing.sending([Origin(Asked.new().traceparent)]) is None
    # And a process of which nobody wants traces does not even load what makes them
    processes = "import sys, riskengine.api.app, riskengine.worker.worker"
    check = f"{processes}; sys.exit(any('riskengine.telemetry.reco' in name for name in sys.modules))"
    subprocess.run([sys.executable, "-c", check], check=True)


async def test_a_collector_that_is_away_costs_its_traces_and_one_line(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given that nobody listens where traces are to go
    monkeypatch.setattr(exporting, "PATIENCE", 0.1)
    port = ports.free()
    tracing.start(share=1, endpoint=f"http://127.0.0.1:{port}", service="riskengine-test", instance="test")
    try:
        # When far more steps end than are kept
        while not lines:
            await _trace_many()
        # And then somebody listens, and refuses them again and again, until at last they are taken
        with Collector(port, refuses=3) as collector:
            while not collector.steps:
                await _trace_many()
            while len(lines) < 2:
                await asyncio.sleep(0.01)
    finally:
        tracing.stop()
    # Then the log has one line when that began, and one when it ended
    assert [line["event"] for line in lines][:2] == ["traces_not_sent", "traces_sent_again"]


async def _trace_many() -> None:
    for _ in range(exporting.AT_ONCE):
        with tracing.request({}, b"r"):
            pass
    await asyncio.sleep(0.01)


def test_what_it_needs_is_said_in_clear_words(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a share and nobody to send to
    environment = {"DATABASE_URL": "postgresql://x", "REDIS_URL": "redis://x", "TRACING_SAMPLE": "0.5"}
    with pytest.raises(ConfigurationError, match="OTEL_EXPORTER_OTLP_ENDPOINT is not set"):
        Settings.load(environment)
    with pytest.raises(ConfigurationError, match="TRACING_SAMPLE must be a number from 0 to 100"):
        Settings.load(environment | {"TRACING_SAMPLE": "101"})
    # Given somebody to send to, and no SDK
    monkeypatch.delitem(sys.modules, "riskengine.telemetry.exporting", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigurationError, match=r'pip install "riskengine\[otlp\]"'):
        tracing.start(share=1, endpoint="http://127.0.0.1:1", service="s", instance="i")
    assert not tracing.on()
