"""Limits over HTTP: what a process holds at a time, and what a key may send."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from riskengine.api import access, door
from riskengine.domain.rate_limit import RateLimit
from riskengine.storage import api_keys
from tests.api.conftest import NOBODY_LISTENS, Api, client_of, serving
from tests.api.payloads import BATCH, DECISIONS, TRANSACTIONS, paths, payment
from tests.api.proxy import Proxy

LARGEST_BATCH = 8 << 20
METRIC = re.compile(r"^(riskengine_\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


async def shown(api: Api, name: str, labels: str = "") -> float:
    """What a metric says; all servers of a run have the same ones."""
    text = (await api.client.get("/metrics")).text
    return sum(float(value) for metric, of, value in METRIC.findall(text) if (metric, of) == (name, labels))


def assert_overloaded(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == "urn:riskengine:problem:overloaded"
    assert int(answer.headers["retry-after"]) >= 1


class Slow:
    """A client that announces a body and does not send it."""

    def __init__(self, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> None:
        self._writer = writer
        self._reader = reader

    async def status(self) -> bytes:
        """The status line that it gets."""
        return await self._reader.readline()

    def go(self) -> None:
        """Closes the connection."""
        self._writer.close()


async def slow(api: Api, path: str, length: str) -> Slow:
    """A slow client; `length` is the header that says how long the body will be."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    key = api.client.headers["authorization"]
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
    )
    writer.write(head.encode())
    await writer.drain()
    return Slow(writer, reader)


async def held(api: Api, expected: int) -> None:
    """Returns when that many bytes of bodies are held."""
    while await shown(api, "riskengine_body_bytes") != expected:
        await asyncio.sleep(0)


async def test_bodies_have_a_budget_that_is_reserved_before_they_are_read_and_given_back(api: Api) -> None:
    # Given clients that announced as many bytes as the budget has, some without saying how many
    announced = [f"Content-Length: {LARGEST_BATCH}", "Transfer-Encoding: chunked"] * 4
    clients = [await slow(api, BATCH, length) for length in announced]
    await held(api, 64 << 20)
    before = await shown(api, "riskengine_refused_total", 'limit="bodies"')

    # When others come, with keys or without
    answer = await api.client.post(TRANSACTIONS, json=payment())
    async with client_of(api.port) as stranger:
        unknown = await stranger.post(BATCH, json={"transactions": [payment()]})
    # Then they are refused at once, before anything is known of them; reading goes on
    assert_overloaded(answer)
    assert_overloaded(unknown)
    assert await shown(api, "riskengine_refused_total", 'limit="bodies"') == before + 2
    assert (await api.client.get(TRANSACTIONS)).status_code == 200

    # And when one of them goes, there is room again
    clients[0].go()
    await held(api, 56 << 20)
    assert (await api.client.post(TRANSACTIONS, json=payment())).status_code == 201
    for client in clients[1:]:
        client.go()
    await held(api, 0)


async def test_whatever_the_answer_its_bytes_are_given_back(api: Api) -> None:
    answers = [
        await api.client.post(TRANSACTIONS, content=b"{", headers={"Content-Type": "application/json"}),
        await api.client.post(TRANSACTIONS, content=b"{}", headers={"Content-Type": "text/plain"}),
        await api.client.post(BATCH, json={"transactions": []}),
        await api.client.post("/api/v1/rulesets/drafts", content=b"x", headers={"Content-Type": "application/json"}),
        await api.client.post("/api/v1/nothing", json={}),
        await api.client.post(DECISIONS, json=payment(), headers={"X-API-Key": "none", "Authorization": ""}),
    ]
    assert [answer.status_code for answer in answers] == [400, 415, 422, 400, 404, 401]
    assert await shown(api, "riskengine_body_bytes") == 0


async def test_a_body_that_claims_too_much_reserves_no_more_than_is_read(api: Api) -> None:
    liars = [await slow(api, TRANSACTIONS, f"Content-Length: {10**12}") for _ in range(3)]
    await held(api, 3 * (64 << 10))
    for liar in liars:
        liar.go()
    await held(api, 0)


@asynccontextmanager
async def stuck(api: Api) -> AsyncIterator[None]:
    """Nothing can be stored while the block runs."""
    async with api.database.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE")
        yield


async def test_what_waits_to_be_stored_has_one_limit_and_is_seen(api: Api, database_url: str, redis_url: str) -> None:
    # Given a replica with room for ten, whose transactions cannot be stored
    async with serving(database_url, redis_url, ingest_queue_limit=10) as port, AsyncExitStack() as rest:
        client = await rest.enter_async_context(client_of(port))
        client.headers = api.client.headers
        own = Api(client, api.database, port)
        assert (await client.post(TRANSACTIONS, json=payment())).status_code == 201
        async with stuck(api):
            # When a batch of eight waits, and two singles, one for its decision
            waiting = [
                asyncio.create_task(client.post(BATCH, json={"transactions": [payment() for _ in range(8)]})),
                asyncio.create_task(client.post(TRANSACTIONS, json=payment())),
                asyncio.create_task(client.post(DECISIONS, json=payment())),
            ]
            while await shown(own, "riskengine_ingest_waiting") != 10:
                await asyncio.sleep(0)
            # Then whatever would have to be stored is refused, before its key or its body is looked at
            for path, body in ((TRANSACTIONS, payment()), (BATCH, {"transactions": [payment()]}), (DECISIONS, {})):
                assert_overloaded(await client.post(path, json=body))
            assert_overloaded(await client.post(TRANSACTIONS, content=b"?", headers={"Authorization": "no"}))
            refused = await slow(own, BATCH, f"Content-Length: {LARGEST_BATCH}")
            assert b" 503 " in await refused.status()
            refused.go()
            assert (await client.get(TRANSACTIONS)).status_code == 200
        # And when it can be stored, all that waited is, and there is room again
        assert [answer.status_code for answer in await asyncio.gather(*waiting)] == [201, 201, 200]
        assert await shown(own, "riskengine_ingest_waiting") == 0
        assert (await client.post(BATCH, json={"transactions": [payment() for _ in range(12)]})).status_code == 201


async def test_a_batch_has_its_places_before_it_is_read(api: Api, database_url: str, redis_url: str) -> None:
    # Given a replica with room for ten, where eight wait
    async with serving(database_url, redis_url, ingest_queue_limit=10) as port, client_of(port) as client:
        client.headers = api.client.headers
        assert (await client.post(TRANSACTIONS, json=payment())).status_code == 201
        async with asyncio.TaskGroup() as tasks, stuck(api):
            tasks.create_task(client.post(BATCH, json={"transactions": [payment() for _ in range(8)]}))
            while await shown(Api(client, api.database, port), "riskengine_ingest_waiting") != 8:
                await asyncio.sleep(0)
            # When three more come that are wrong, and two
            three, two = [await client.post(BATCH, json={"transactions": [{"account_id": 1}] * n}) for n in (3, 2)]
        # Then the three are not looked at, and the two are
        assert_overloaded(three)
        assert two.status_code == 422


async def test_requests_under_way_have_a_limit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given as many requests as may be under way, beside the one that looks
    monkeypatch.setattr(door, "MOST_UNDER_WAY", 3)
    clients = [await slow(api, TRANSACTIONS, "Content-Length: 10") for _ in range(2)]
    await held(api, 20)
    clients.append(await slow(api, TRANSACTIONS, "Content-Length: 10"))
    # When there is one more, then it is refused
    while (answer := await api.client.get("/health/live")).status_code == 200:
        await asyncio.sleep(0)
    assert_overloaded(answer)
    for client in clients:
        client.go()
    while (await api.client.get("/health/live")).status_code != 200:
        await asyncio.sleep(0)


async def limited(api: Api, rate: int, burst: int) -> httpx.Headers:
    """The headers of requests with a key that has that limit."""
    key = await api_keys.create(api.database, "shop", ("ingest", "read"), RateLimit(rate, burst))
    return httpx.Headers({"Authorization": f"Bearer {key}"})


def standing(answer: httpx.Response) -> tuple[int, int]:
    """What may be sent at once now, and for how many seconds that is said."""
    found = re.fullmatch(r'"default";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    assert found is not None, answer.headers["ratelimit"]
    return int(found[1]), int(found[2])


async def test_a_key_is_taken_at_its_word_and_every_answer_says_how_it_stands(api: Api) -> None:
    # Given a key that may send five at once, and one a second
    key = await limited(api, 1, 5)
    # When it sends a batch of three, reads, and sends one
    answers = [
        await api.client.post(BATCH, json={"transactions": [payment()] * 3}, headers=key),
        await api.client.get(TRANSACTIONS, headers=key),
        await api.client.post(TRANSACTIONS, json=payment(), headers=key),
    ]
    # Then that is taken, and each answer says so
    assert [answer.status_code for answer in answers] == [201, 200, 201]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"default";q=5;w=5'}
    assert standing(answers[0]) == (2, 3)
    # And when it goes on, then it is refused, stored is nothing, and it is told when to come again
    refused = [await api.client.post(BATCH, json={"transactions": [payment()] * 5}, headers=key) for _ in range(3)]
    for answer in refused:
        assert answer.status_code == 429
        assert answer.json()["type"] == "urn:riskengine:problem:rate-limited"
        assert 3 <= int(answer.headers["retry-after"]) <= 5
        assert standing(answer)[1] == int(answer.headers["retry-after"])
    async with api.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM transactions") == 4
    # And others are not concerned, nor have such headers
    other = await api.client.post(TRANSACTIONS, json=payment())
    assert (other.status_code, "ratelimit" in other.headers) == (201, False)


async def test_a_batch_that_the_key_never_takes_is_invalid(api: Api) -> None:
    key = await limited(api, 1000, 5)
    answer = await api.client.post(BATCH, json={"transactions": [payment()] * 6}, headers=key)
    assert (answer.status_code, paths(answer.json())) == (422, ["transactions"])
    assert "more than the 5" in answer.text
    assert (await api.client.post(BATCH, json={"transactions": [payment()] * 5}, headers=key)).status_code == 201


async def test_all_processes_count_together(api: Api, database_url: str, redis_url: str) -> None:
    # Given a key that may send twenty at once, and a second replica
    key = await limited(api, 1, 20)
    async with serving(database_url, redis_url) as port, client_of(port) as second:
        # When a hundred requests come to both at the same time
        sent = [(api.client, second)[n % 2].post(TRANSACTIONS, json=payment(), headers=key) for n in range(100)]
        answers = await asyncio.gather(*sent)
    # Then twenty are taken, or as many more as seconds passed
    taken = sum(answer.status_code == 201 for answer in answers)
    assert {answer.status_code for answer in answers} == {201, 429}
    assert 20 <= taken <= 40


async def test_a_key_without_a_limit_is_not_asked_about(api: Api, redis: Redis) -> None:
    await api.client.post(TRANSACTIONS, json=payment())
    await api.client.get(TRANSACTIONS)
    assert await redis.keys("quota:*") == []
    await api.client.get(TRANSACTIONS, headers=await limited(api, 1, 5))
    assert len(await redis.keys("quota:*")) == 1


async def test_a_changed_limit_holds_when_the_key_is_looked_up_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a key without a limit
    monkeypatch.setattr(access, "REMEMBERED", 0.0)
    key = await api_keys.create(api.database, "shop", ("read",))
    headers = {"Authorization": f"Bearer {key}"}
    assert (await api.client.get(TRANSACTIONS, headers=headers)).status_code == 200
    # When it gets one, and that is ended
    key_id = api_keys.key_id_of(key) or ""
    assert await api_keys.set_limit(api.database, key_id, RateLimit(1, 1))
    statuses = [(await api.client.get(TRANSACTIONS, headers=headers)).status_code for _ in range(2)]
    assert await api_keys.set_limit(api.database, key_id, None)
    # Then it holds at once, and no more
    assert statuses == [200, 429]
    assert (await api.client.get(TRANSACTIONS, headers=headers)).status_code == 200


async def test_without_redis_limits_do_not_hold_and_that_is_seen(api: Api, database_url: str, redis_url: str) -> None:
    # Given a replica without Redis, and a key that may send one
    key = await limited(api, 1, 1)
    before = await shown(api, "riskengine_rate_limits_open_total")
    async with serving(database_url, NOBODY_LISTENS) as port, client_of(port) as client:
        # When it sends four
        answers = [await client.post(TRANSACTIONS, json=payment(), headers=key) for _ in range(4)]
    # Then all are taken, without a word on limits, and counted
    assert [answer.status_code for answer in answers] == [201] * 4
    assert not any("ratelimit" in answer.headers or "ratelimit-policy" in answer.headers for answer in answers)
    assert await shown(api, "riskengine_rate_limits_open_total") == before + 4


async def test_limits_hold_again_when_redis_is_back(
    api: Api, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a replica whose way to Redis is cut
    monkeypatch.setattr("riskengine.api.limiter.LOOK_AGAIN", 0.0)
    key = await limited(api, 1, 1)
    proxy = Proxy(redis_url)
    with capture_logs() as logged:
        await _cut_and_opened(database_url, proxy, key)
    # And each change was logged, once
    ours = [line["event"] for line in logged if line["event"].startswith("rate_limits")]
    assert ours == ["rate_limits_open", "rate_limits_back", "rate_limits_open"]


async def _cut_and_opened(database_url: str, proxy: Proxy, key: httpx.Headers) -> None:
    async with serving(database_url, proxy.url) as port, client_of(port) as client:
        assert [(await client.get(TRANSACTIONS, headers=key)).status_code for _ in range(3)] == [200] * 3
        # When it is open, then the limit holds
        await proxy.open()
        statuses = [(await client.get(TRANSACTIONS, headers=key)).status_code for _ in range(3)]
        assert statuses == [200, 429, 429]
        # And when it is cut again, it does not
        await proxy.cut()
        assert [(await client.get(TRANSACTIONS, headers=key)).status_code for _ in range(3)] == [200] * 3
