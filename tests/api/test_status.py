"""Whether a process is ready, and what its breakers say; while one is open, who needs its part hears so at once."""

import asyncio
from typing import Any

import httpx
import pytest

from riskengine import wiring
from riskengine.domain.release import Kind
from riskengine.models.predictor import OnnxPredictor
from riskengine.pipeline.publishing import Publishing
from riskengine.storage.database import Database
from tests.api.conftest import Api, client_of, serving
from tests.api.payloads import ACCOUNTS, BATCH, DECISIONS, TRANSACTIONS, payment
from tests.api.proxy import Proxy
from tests.models.bundles import logistic, packed
from tests.pipeline.published import STARTER

LONG_MS = 600_000
"""Longer than any test: what is left alone stays so."""


async def ready_until(client: httpx.AsyncClient, wanted: dict[str, Any]) -> httpx.Response:
    """Asks whether the process is ready until the answer has what is wanted: there is no other traffic."""
    async with asyncio.timeout(30):
        while True:
            answer = await client.get("/health/ready")
            if answer.json() | wanted == answer.json():
                return answer


async def test_a_process_that_can_do_all_its_work_is_ready(api: Api) -> None:
    answer = await api.client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "failing": [], "breakers": {"postgresql": "closed", "redis": "closed"}}


async def test_an_idle_process_finds_out_by_its_health_alone(database_url: str, redis_url: str) -> None:
    # Given a process that nobody uses, and whose ways to PostgreSQL and Redis can be cut
    ways = {"postgresql": Proxy(database_url), "redis": Proxy(redis_url)}
    for way in ways.values():
        await way.open()
    urls = [way.url for way in ways.values()]
    async with serving(*urls, breaker_failures=3, breaker_open_ms=100) as port, client_of(port) as client:
        for part, way in ways.items():
            states = {"postgresql": "closed", "redis": "closed"}
            await ready_until(client, {"status": "ready", "breakers": states})
            # When one is cut
            await way.cut()
            # Then the process is not ready, leaves the part alone, and knows the other is there
            answer = await ready_until(client, {"breakers": states | {part: "open"}})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert (answer.json()["status"], answer.json()["failing"]) == ("not ready", [part])
            # And when it is back, asking for its health is enough
            await way.open()
            answer = await ready_until(client, {"breakers": states})
            assert (answer.status_code, answer.json()["failing"]) == (200, [])
    for way in ways.values():
        await way.cut()


async def test_who_needs_a_part_that_is_left_alone_is_refused_at_once(
    api: Api, database_url: str, redis_url: str
) -> None:
    # Given a process with keys in memory, that leaves PostgreSQL alone for long
    proxy = Proxy(database_url)
    await proxy.open()
    async with (
        serving(proxy.url, redis_url, breaker_failures=2, breaker_open_ms=LONG_MS) as port,
        client_of(port) as client,
    ):
        client.headers = api.client.headers
        assert (await client.get(TRANSACTIONS)).status_code == 200
        await proxy.cut()
        await ready_until(client, {"breakers": {"postgresql": "open", "redis": "closed"}})
        # When it is back, which the process does not look for yet
        await proxy.open()
        # Then all that needs it is refused, with the time to wait, and is not even tried
        for request in (
            client.post(TRANSACTIONS, json=payment()),
            client.post(BATCH, json={"transactions": [payment()] * 3}),
            client.post(DECISIONS, json=payment()),
            client.put(f"{ACCOUNTS}/a", json={}),
            client.get(f"{ACCOUNTS}/a"),
            client.get(TRANSACTIONS),
            client.get(f"{TRANSACTIONS}/0197c9e0-0000-7000-8000-000000000000"),
            client.get(f"{TRANSACTIONS}/0197c9e0-0000-7000-8000-000000000000/decision"),
            client.get("/api/v1/rulesets"),
            client.get("/api/v1/lists"),
        ):
            answer = await request
            assert answer.status_code == 503, answer.text
            assert answer.json()["type"] == "urn:riskengine:problem:unavailable"
            assert 1 < int(answer.headers["retry-after"]) <= LONG_MS / 1000
        metrics = (await client.get("/metrics")).text
        assert 'riskengine_breaker_state{part="postgresql"} 2.0' in metrics
        assert 'riskengine_breaker_state{part="redis"} 0.0' in metrics
    await proxy.cut()


async def test_while_redis_is_left_alone_transactions_are_accepted_and_not_decided_at_once(
    api: Api, database_url: str, redis_url: str
) -> None:
    # Given a process that leaves Redis alone for long, though it is back
    proxy = Proxy(redis_url)
    async with (
        serving(database_url, proxy.url, breaker_failures=2, breaker_open_ms=LONG_MS) as port,
        client_of(port) as client,
    ):
        client.headers = api.client.headers
        await ready_until(client, {"breakers": {"postgresql": "closed", "redis": "open"}})
        await proxy.open()
        # When transactions come
        accepted = await client.post(TRANSACTIONS, json=payment())
        refused = await client.post(DECISIONS, json=payment())
        # Then they are accepted, but not decided at once
        assert accepted.status_code == 201
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 1
    await proxy.cut()


async def test_a_model_that_is_left_alone_is_shown_and_keeps_nobody_from_deciding(
    api: Api, database: Database, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a process with a model
    bundle = packed(logistic((0.1,)), references={"amount_base": 50.0}, catalogue=STARTER.catalogue)
    publishing = Publishing(database, wiring.builder(database), approval=False)
    draft = await publishing.draft(Kind.MODEL, bundle, "ann")
    await publishing.publish(draft.draft_id, "ann")
    settings = {"breaker_failures": 2, "breaker_open_ms": LONG_MS}
    async with serving(database_url, redis_url, **settings) as port, client_of(port) as client:
        client.headers = api.client.headers
        well = {"postgresql": "closed", "redis": "closed", "model": "closed"}
        assert (await client.get("/health/ready")).json()["breakers"] == well
        # When it breaks again and again
        monkeypatch.setattr(OnnxPredictor, "predict", lambda *_: 1 // 0)
        decided = [await client.post(DECISIONS, json=payment()) for _ in range(4)]
        # Then it is left alone; the process decides without it, and is ready
        assert [answer.status_code for answer in decided] == [200] * 4
        assert {tuple(answer.json()["degraded"]) for answer in decided} == {("model",)}
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
        assert answer.json()["breakers"] == well | {"model": "open"}
