"""What was decided, by day and by account: from rollups and transactions, through the cache."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from riskengine.domain import clock
from riskengine.insight.rollups import Rollups
from riskengine.state.cache import Cache
from riskengine.state.cache_kinds import PROFILE
from riskengine.storage import api_keys
from riskengine.storage.database import Database
from tests.api.conftest import NOBODY_LISTENS, Api, client_of, serving
from tests.api.payloads import ACCOUNTS, DECISIONS, TRANSACTIONS, paths, payment

ANALYTICS = "/api/v1/analytics"


def today() -> date:
    return clock.to_datetime(clock.now_ms()).date()


async def count(database: Database, redis: Redis) -> None:
    """What a worker does every two seconds."""
    rollups = Rollups(database, Cache(redis))
    while (await rollups.run_once()).more:
        pass


async def ask(api: Api, path: str, **question: Any) -> dict[str, Any]:
    answer = await api.client.get(f"{ANALYTICS}/{path}", params=question)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def misses(kind: str) -> float:
    return _requests(kind, "miss")


def _requests(kind: str, result: str) -> float:
    return REGISTRY.get_sample_value("riskengine_cache_requests_total", {"kind": kind, "result": result}) or 0.0


@pytest.fixture
async def sent(api: Api, redis: Redis) -> list[dict[str, Any]]:
    """Decisions of today, in two currencies, of all outcomes; they are counted."""
    payments = [payment(account_id="bob", amount=20_000 if n % 2 else 5, country="IR") for n in range(4)]
    payments += [payment(account_id="amy", amount=1000, currency="JPY", merchant="m", device_id="d") for _ in range(3)]
    answers = [(await api.client.post(DECISIONS, json=one)).json() for one in payments]
    await count(api.database, redis)
    return [one | decided for one, decided in zip(payments, answers, strict=True)]


async def test_days_add_up(api: Api, sent: list[dict[str, Any]]) -> None:
    # When days are asked for
    day, yesterday = today(), today() - timedelta(days=1)
    summary = await ask(api, "summary", date=day)
    distribution = await ask(api, "distribution", **{"from": yesterday, "to": day})
    volume = await ask(api, "volume", **{"from": yesterday, "to": day, "by": "hour"})
    rules = await ask(api, "rules/top", **{"from": yesterday, "to": day, "limit": 100})

    # Then all is there that was decided, as it was decided
    outcomes = {one["outcome"]: sum(o["outcome"] == one["outcome"] for o in sent) for one in sent}
    assert outcomes.keys() == {"approve", "review", "decline"}
    of_day = summary["day"]
    assert (of_day["date"], of_day["count"], of_day["outcomes"]) == (day.isoformat(), 7, outcomes)
    assert of_day["amounts"] == {"EUR": "40010.00", "JPY": "3000"}
    assert of_day["approval_rate"] == round(outcomes["approve"] / 7, 6)
    assert of_day["mean_score"] == pytest.approx(sum(one["score"] for one in sent) / 7, abs=1e-5)
    assert (summary["before"]["date"], summary["before"]["count"]) == (yesterday.isoformat(), 0)
    assert summary["change"] == {"count": 7, "approval_rate": None, "mean_score": None}
    assert (distribution["count"], distribution["outcomes"]) == (7, outcomes)
    for bucket in distribution["buckets"]:
        inside = [one for one in sent if bucket["from"] <= min(one["score"], 99.9) < bucket["to"]]
        assert bucket["count"] == len(inside)
    assert len(distribution["buckets"]) == 20
    assert sum(distribution["levels"].values()) == 7
    points = volume["points"]
    assert sum(point["count"] for point in points) == 7
    for currency, total in (("EUR", 40010), ("JPY", 3000)):
        assert sum(Decimal(point["amount"]) for point in points if point["currency"] == currency) == total
    fired = [(one, reason["code"]) for one in sent for reason in one["reasons"] if reason["code"].startswith("RULE_")]
    assert {one["rule"]: one["fired"] for one in rules["rules"]} == {
        code: sum(other == code for _, other in fired) for _, code in fired
    }
    assert all(one["share"] == round(one["fired"] / 7, 6) for one in rules["rules"])
    assert [one["fired"] for one in rules["rules"]] == sorted((one["fired"] for one in rules["rules"]), reverse=True)
    # And it says how fresh that is
    for answer in (summary, distribution, volume, rules):
        assert answer["as_of"] >= max(one["decided_at"] for one in sent)


async def test_days_are_cached_until_something_is_added_to_them(api: Api, redis: Redis, sent: list[Any]) -> None:
    # Given a summary of today and one of long ago that were asked for
    await ask(api, "summary")
    await ask(api, "summary", date="2020-01-01")
    recent, historical = misses("summary_recent"), misses("summary_historical")
    # When they are asked for again, Then nothing is loaded
    assert (await ask(api, "summary"))["day"]["count"] == 7
    await ask(api, "summary", date="2020-01-01")
    assert (misses("summary_recent"), misses("summary_historical")) == (recent, historical)
    # When something is added to today, and the last time was a minute ago
    await api.client.post(DECISIONS, json=payment())
    await redis.delete("cache:moving:recent")
    await count(api.database, redis)
    # Then today is loaded again, and long ago is not
    assert (await ask(api, "summary"))["day"]["count"] == 8
    await ask(api, "summary", date="2020-01-01")
    assert (misses("summary_recent"), misses("summary_historical")) == (recent + 1, historical)


async def test_a_profile_says_what_an_account_did(api: Api, sent: list[dict[str, Any]]) -> None:
    # Given an account that was described twice, and has something pending and something old
    for home in ("BE", "NL"):
        await api.client.put(f"{ACCOUNTS}/amy", json={"home_country": home})
    await api.client.post(TRANSACTIONS, json=payment(account_id="amy", amount=7))
    mine = [one for one in sent if one["account_id"] == "amy"]

    # When its profile is asked for
    profile = (await api.client.get(f"{ACCOUNTS}/amy/profile")).json()

    # Then it has its attributes, all decisions ever, and the sums of each window
    assert (profile["account_id"], profile["home_country"], profile["decisions"]) == ("amy", "NL", 3)
    assert profile["first_activity"] < profile["last_activity"] <= profile["as_of"]
    assert profile["complete"] is True
    scores = [one["score"] for one in mine]
    assert set(profile["windows"]) == {"24h", "7d", "30d"}
    for window in profile["windows"].values():
        assert (window["count"], window["amounts"]) == (3, {"JPY": "3000"})
        assert sum(window["outcomes"].values()) == 3
        assert (window["mean_score"], window["highest_score"]) == (
            pytest.approx(sum(scores) / 3, abs=1e-5),
            max(scores),
        )
    assert (profile["merchants"], profile["devices"]) == ([{"value": "m", "count": 3}], [{"value": "d", "count": 3}])
    assert profile["countries"] == []

    # When it is described again, Then that is seen at once; when it is decided on, after a few seconds
    await api.client.put(f"{ACCOUNTS}/amy", json={"home_country": "FR"})
    assert (await api.client.get(f"{ACCOUNTS}/amy/profile")).json()["home_country"] == "FR"
    await api.client.post(DECISIONS, json=payment(account_id="amy"))
    clock.step(PROFILE.settled_ms)
    try:
        assert (await api.client.get(f"{ACCOUNTS}/amy/profile")).json()["decisions"] == 4
    finally:
        clock.step(-PROFILE.settled_ms)


async def test_paths_of_profiles_are_told_from_those_of_accounts(api: Api) -> None:
    # Given accounts whose ids look like paths
    for account_id in ("a/b", "profile", "a/profile"):
        encoded = account_id.replace("/", "%2F")
        assert (await api.client.put(f"{ACCOUNTS}/{encoded}", json={"type": account_id})).status_code == 200
        # When they are asked for, Then each is found, and so is its profile
        found = (await api.client.get(f"{ACCOUNTS}/{encoded}")).json()
        assert (found["account_id"], "windows" in found) == (account_id, False)
        found = (await api.client.get(f"{ACCOUNTS}/{encoded}/profile")).json()
        assert (found["account_id"], "windows" in found) == (account_id, True)
    for unknown in ("nobody", "%00", "%FF", "a%2Fprofile%2Fx"):
        assert (await api.client.get(f"{ACCOUNTS}/{unknown}/profile")).status_code == 404


async def test_of_two_processes_one_loads_what_two_hundred_ask_for(
    database: Database, database_url: str, redis_url: str
) -> None:
    key = await api_keys.create(database, "test", ("read",))
    async with (
        serving(database_url, redis_url) as one,
        serving(database_url, redis_url) as other,
        client_of(one, key) as first,
        client_of(other, key) as second,
    ):
        before = misses("summary_recent")
        asked = [(first, second)[n % 2].get(f"{ANALYTICS}/distribution") for n in range(200)]
        answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {200}
    assert misses("summary_recent") - before == 1


async def test_what_was_decided_is_read_without_postgresql_but_never_what_is_pending(api: Api) -> None:
    # Given something decided, and something pending that was asked for
    decided = (await api.client.post(DECISIONS, json=payment(metadata={"a": 1}))).json()
    waiting = payment(idempotency_key="waiting")
    pending = (await api.client.post(TRANSACTIONS, json=waiting)).json()["transaction_id"]
    for _ in range(2):
        assert (await api.client.get(f"{TRANSACTIONS}/{pending}")).json()["status"] == "pending"
        assert (await api.client.get(f"{TRANSACTIONS}/{pending}/decision")).status_code == 404
    # When it is decided, Then that is seen at once
    assert (await api.client.post(DECISIONS, json=waiting)).json()["transaction_id"] == pending
    assert (await api.client.get(f"{TRANSACTIONS}/{pending}")).json()["status"] == "processed"
    assert (await api.client.get(f"{TRANSACTIONS}/{pending}/decision")).status_code == 200
    hits, missed = _requests("decision", "hit"), misses("transaction")
    # When what was decided is asked for, Then it is as it was answered, from what was written when it was decided
    path = f"{TRANSACTIONS}/{decided['transaction_id']}"
    assert (await api.client.get(f"{path}/decision")).json() == decided
    assert _requests("decision", "hit") - hits == 1
    # And the transaction is loaded once
    shown = [(await api.client.get(path)).json() for _ in range(3)]
    assert shown[0] == shown[1] == shown[2]
    assert (shown[0]["score"], shown[0]["metadata"]) == (decided["score"], {"a": 1})
    assert misses("transaction") - missed == 1


async def test_without_valkey_all_is_read_from_postgresql(api: Api, database_url: str, sent: list[Any]) -> None:
    key = await api_keys.create(api.database, "reader", ("read",))
    transaction = f"{TRANSACTIONS}/{sent[0]['transaction_id']}"
    asked = [transaction, f"{transaction}/decision", f"{ACCOUNTS}/amy/profile", f"{ANALYTICS}/summary"]
    with_it = [(await api.client.get(path)).json() for path in asked]
    async with serving(database_url, NOBODY_LISTENS) as port, client_of(port, key) as client:
        for _ in range(3):
            without = [(await client.get(path)).json() for path in asked]
            assert [one | {"as_of": 0} for one in without] == [one | {"as_of": 0} for one in with_it]
        # And what is written is no less
        assert (await client.get(f"{ACCOUNTS}/nobody/profile")).status_code == 404


WRONG: list[Any] = [
    ("summary", {"date": "yesterday"}, ["date"]),
    ("summary", {"date": "1969-12-31"}, ["date"]),
    ("summary", {"day": "2026-01-01"}, ["day"]),
    ("distribution", {"from": "2026-01-02", "to": "2026-01-01"}, ["from"]),
    ("distribution", {"from": "2024-11-26", "to": "2025-12-31"}, ["from"]),
    ("volume", {"from": "2026-01-01", "to": "2026-02-01", "by": "hour"}, ["from"]),
    ("volume", {"by": "minute"}, ["by"]),
    ("volume", {"to": "2026-01-01T00:00:00Z"}, ["to"]),
    ("rules/top", {"limit": "0"}, ["limit"]),
    ("rules/top", {"limit": "101"}, ["limit"]),
]


async def test_wrong_questions_are_refused(api: Api) -> None:
    for path, question, expected in WRONG:
        answer = await api.client.get(f"{ANALYTICS}/{path}", params=question)
        assert (answer.status_code, paths(answer.json())) == (422, expected), question
    for path, question in (
        ("distribution", {"from": "2024-11-27", "to": "2025-12-31"}),
        ("volume", {"from": "2026-01-01", "to": "2026-01-31", "by": "hour"}),
        ("summary", {"date": "9999-12-31"}),
        ("summary", {"date": "1970-01-01"}),
    ):
        assert (await api.client.get(f"{ANALYTICS}/{path}", params=question)).status_code == 200
    key = await api_keys.create(api.database, "sender", ("ingest",))
    answer = await api.client.get(f"{ANALYTICS}/summary", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 403
