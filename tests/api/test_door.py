"""Whatever comes to the door leaves with a clear answer: keys, limits, problems, names."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from riskengine.storage import api_keys
from riskengine.storage.api_keys import Scope
from tests.api.conftest import Api, client_of, serving
from tests.api.payloads import ACCOUNTS, BATCH, DECISIONS, TRANSACTIONS, paths, payment
from tests.api.proxy import Proxy

CARD = "4111111111111111"


async def stored(api: Api) -> int:
    async with api.database.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM transactions"))


def assert_problem(answer: httpx.Response, status: int) -> None:
    """The answer is a problem of that status, and tells nothing of how the engine is made."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= answer.json().keys()
    assert answer.json()["status"] == status
    assert not [word for word in ("Traceback", "File ", "SELECT", "INSERT", "asyncpg", ".py") if word in answer.text]


CLOSED: list[Any] = [
    ("POST", TRANSACTIONS),
    ("POST", BATCH),
    ("POST", DECISIONS),
    ("GET", TRANSACTIONS),
    ("GET", "/api//v1/transactions"),
    ("GET", "//api/v1/transactions/"),
    ("GET", f"{ACCOUNTS}/a"),
    ("PUT", f"{ACCOUNTS}/a"),
    ("GET", "/nothing"),
]


async def test_without_a_key_nothing_is_done(api: Api) -> None:
    for method, path in CLOSED:
        async with client_of(api.port) as stranger:
            answer = await stranger.request(method, f"http://127.0.0.1:{api.port}{path}", json=payment())
        assert_problem(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert await stored(api) == 0


NO_KEYS: list[Any] = ["", "rk", "rk_", "rk_abc_", "rk_abc_def", "x" * 5000, "rk_\xff_\xff"]


async def test_a_key_that_is_none_is_refused(api: Api) -> None:
    for key in NO_KEYS:
        async with client_of(api.port) as stranger:
            answer = await stranger.get(TRANSACTIONS, headers=[(b"x-api-key", key.encode("latin-1"))])
        assert_problem(answer, 401)


async def test_the_id_of_a_key_is_not_enough(api: Api) -> None:
    key = await api_keys.create(api.database, "test", ("read",))
    async with client_of(api.port, key[:-1] + ("A" if key[-1] != "A" else "B")) as forger:
        assert_problem(await forger.get(TRANSACTIONS), 401)


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [("ingest", {"POST"}), ("read", {"GET"}), ("admin", {"POST", "GET", "PUT"})],
)
async def test_a_key_does_what_its_scope_allows(api: Api, scope: Scope, allowed: set[str]) -> None:
    key = await api_keys.create(api.database, "test", (scope,))
    requests = {"POST": TRANSACTIONS, "GET": TRANSACTIONS, "PUT": f"{ACCOUNTS}/a"}
    async with client_of(api.port) as client:
        for method, path in requests.items():
            body = payment() if method == "POST" else {}
            answer = await client.request(method, path, json=body, headers={"X-API-Key": key})
            if method in allowed:
                assert answer.is_success
            else:
                assert_problem(answer, 403)


async def test_paths_for_machines_and_readers_need_no_key(api: Api) -> None:
    async with client_of(api.port) as stranger:
        for path in ("/health/live", "/health/ready", "/metrics", "/docs", "/api/v1/openapi.json"):
            assert (await stranger.get(path)).status_code == 200


BAD_INPUT: list[Any] = [
    (b"{", {}, 400),
    (b"", {}, 400),
    (b"[" * 10_000, {}, 400),
    (b'{"metadata":' * 5_000, {}, 400),
    (rb'{"account_id":"\ud800"}', {}, 400),
    (b'{"account_id":"\xff"}', {}, 400),
    (json.dumps(payment()).encode(), {"Content-Type": "text/plain"}, 415),
    (json.dumps(payment()).encode(), {"Content-Type": ""}, 415),
    (json.dumps(payment()).encode(), {"Content-Encoding": "gzip"}, 415),
    (b"[]", {}, 422),
    (json.dumps(payment(account_id="a\0")).encode(), {}, 422),
    (json.dumps(payment(merchant=f"shop {CARD}")).encode(), {}, 422),
    (json.dumps(payment(metadata={CARD: "\0"})).encode(), {}, 422),
    (json.dumps(payment(metadata={"n": "1e400"})).encode().replace(b'"1e400"', b"1e400"), {}, 422),
    (json.dumps(payment(amount="1E+400")).encode(), {}, 422),
    (json.dumps(payment(amount="NaN")).encode(), {}, 422),
    (json.dumps(payment()).encode(), {"Idempotency-Key": ""}, 422),
    (json.dumps(payment(metadata={"a": "x" * 70_000})).encode(), {}, 413),
]


async def test_bad_input_is_refused_and_not_stored(api: Api) -> None:
    for content, headers, status in BAD_INPUT:
        for path in (TRANSACTIONS, DECISIONS):
            answer = await api.client.post(
                path, content=content, headers={"Content-Type": "application/json", **headers}
            )
            assert_problem(answer, status)
            assert CARD not in answer.text
        assert await stored(api) == 0


async def test_wrong_fields_are_named_over_http(api: Api) -> None:
    answer = await api.client.post(TRANSACTIONS, json=payment(amount=-1, country="??", latitude=91, longitude=0, zz=1))
    assert_problem(answer, 422)
    assert sorted(paths(answer.json())) == ["amount", "country", "latitude", "zz"]


@pytest.mark.parametrize(("path", "limit"), [(TRANSACTIONS, 64 << 10), (BATCH, 8 << 20)])
async def test_a_body_is_limited_however_it_comes(api: Api, path: str, limit: int) -> None:
    async def in_pieces(size: int) -> AsyncIterator[bytes]:
        for start in range(0, size, 32768):
            yield b" " * min(32768, size - start)

    headers = {"Content-Type": "application/json"}
    largest: list[Any] = [b" " * limit, in_pieces(limit)]
    too_large: list[Any] = [b" " * (limit + 1), in_pieces(limit + 1)]
    for content in largest:
        assert_problem(await api.client.post(path, content=content, headers=headers), 400)  # taken, and no JSON
    for content in too_large:
        assert_problem(await api.client.post(path, content=content, headers=headers), 413)


async def test_what_is_not_there_is_a_problem_too(api: Api) -> None:
    for path in ("/nothing", "/api/v1/nothing", "/api/v1/openapi.json/x", "/docs/../x", "/docs/secret"):
        assert_problem(await api.client.get(path), 404)
    for path in ("/api//v1/transactions", "//api/v1/decisions/", "/api//v1/accounts/a"):
        for method, body in (("POST", payment()), ("POST", {}), ("PUT", {})):
            answer = await api.client.request(method, f"http://127.0.0.1:{api.port}{path}", json=body)
            assert answer.status_code in (404, 405, 422), (path, answer.text)
    assert (await api.client.post(f"{TRANSACTIONS}/", json=payment())).status_code == 201
    assert_problem(await api.client.put(f"{ACCOUNTS}/", json={}), 404)
    answer = await api.client.delete(TRANSACTIONS)
    assert_problem(answer, 405)
    assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))


async def test_requests_have_names(api: Api) -> None:
    given = await api.client.get("/health/live", headers={"X-Request-ID": "abc-1"})
    made = [await api.client.get(TRANSACTIONS, headers={"X-Request-ID": "bad name\t!"}) for _ in range(2)]
    refused = await api.client.post(TRANSACTIONS, headers={"X-Request-ID": "abc-2"})
    assert given.headers["x-request-id"] == "abc-1"
    assert refused.headers["x-request-id"] == "abc-2"
    assert len({"bad name\t!", *(answer.headers["x-request-id"] for answer in made)}) == 3


async def test_a_request_cut_short_does_no_harm(api: Api) -> None:
    # Given a client that announces more than it sends, and goes
    _, writer = await asyncio.open_connection("127.0.0.1", api.port)
    key = api.client.headers["authorization"]
    head = f"POST {TRANSACTIONS} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Type: application/json\r\n"
    writer.write(head.encode() + b'Content-Length: 1000\r\n\r\n{"account_id"')
    await writer.drain()
    writer.close()
    # Then nothing is stored, and others are answered
    assert (await api.client.post(TRANSACTIONS, json=payment())).status_code == 201
    assert await stored(api) == 1


async def test_postgresql_away_is_503_and_nothing_half_stored(api: Api, database_url: str, redis_url: str) -> None:
    # Given a replica whose way to PostgreSQL can be cut, and that works
    proxy = Proxy(database_url)
    await proxy.open()
    async with serving(proxy.url, redis_url) as port, client_of(port) as client:
        client.headers = api.client.headers
        assert (await client.post(TRANSACTIONS, json=payment())).status_code == 201

        # When it is cut
        await proxy.cut()

        # Then every answer is 503 with Retry-After, the process is alive and says what fails
        batch = {"transactions": [payment()] * 3}
        for request in (
            client.post(TRANSACTIONS, json=payment(idempotency_key="k")),
            client.post(BATCH, json=batch),
            client.post(DECISIONS, json=payment()),
            client.get(TRANSACTIONS),
            client.put(f"{ACCOUNTS}/a", json={}),
        ):
            answer = await request
            assert_problem(answer, 503)
            assert int(answer.headers["retry-after"]) >= 1
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/health/ready")).json()["failing"] == ["postgresql"]
        assert await stored(api) == 1

        # And when it is back, so is the API, as soon as it tries again
        await proxy.open()
        async with asyncio.timeout(20):
            while (again := await client.post(TRANSACTIONS, json=payment(idempotency_key="k"))).status_code == 503:
                assert int(again.headers["retry-after"]) == 1
        assert again.status_code == 201
    await proxy.cut()


async def test_what_nobody_foresaw_is_500_and_tells_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a defect in what both ways of answering use
    def broken(*_: object) -> None:
        raise ValueError("SELECT secret FROM somewhere")

    monkeypatch.setattr("riskengine.domain.validation.submission", broken)
    monkeypatch.setattr("riskengine.storage.records.page", broken)
    # When requests meet it, Then they learn nothing of it
    assert_problem(await api.client.post(TRANSACTIONS, json=payment()), 500)
    assert_problem(await api.client.get(TRANSACTIONS), 500)


async def test_requests_are_counted_by_route(api: Api) -> None:
    # Given requests of several kinds
    await api.client.post(TRANSACTIONS, json=payment())
    await api.client.post(TRANSACTIONS, json={})
    await api.client.get(f"{ACCOUNTS}/some-account-of-mine")
    # When the metrics are read
    text = (await api.client.get("/metrics")).text
    # Then each is counted by its route and never by what it is about
    assert 'riskengine_http_requests_total{method="POST",route="/api/v1/transactions",status="201"}' in text
    assert 'riskengine_problems_total{problem="invalid-input"}' in text
    assert 'riskengine_http_request_seconds_bucket{le="0.1",method="POST",route="/api/v1/transactions"}' in text
    assert 'riskengine_accepted_total{by="single"}' in text
    assert "some-account-of-mine" not in text
