"""Lists and snoozes over HTTP, as those who fight fraud change them."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from riskengine.api import list_described as described
from riskengine.pipeline import curating
from riskengine.storage import api_keys, running
from tests.api.conftest import Api, client_of

NETWORKS = described.LIST_PAYLOAD
ENTRIES = "/api/v1/lists/bad_networks/entries"
IMPORT = "/api/v1/lists/bad_networks/import"
CSV = {"Content-Type": "text/csv"}


@pytest.fixture
async def rules(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose key may change rules, where the shipped lists and a list of networks are there."""
    await curating.ensure_starter(api.database)
    key = await api_keys.create(api.database, "ann", ("read", "rules"))
    async with client_of(api.port, key) as client:
        assert (await client.post("/api/v1/lists", json=NETWORKS)).status_code == 201
        yield client


def paths(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [fault["path"] for fault in answer.json()["errors"]]


async def test_a_list_is_made_shown_and_dropped(rules: httpx.AsyncClient) -> None:
    # Given a list that was made
    shown = {**NETWORKS, "field": "ip", "entries": 0, "expired": 0}
    # When lists are asked for, Then it is there beside the shipped one
    every = (await rules.get("/api/v1/lists")).json()["lists"]
    assert [each["name"] for each in every] == ["bad_networks", "high_risk_countries"]
    assert every[0] == shown == (await rules.get("/api/v1/lists/bad_networks")).json()
    # And there is no second one of that name
    assert paths(await rules.post("/api/v1/lists", json=NETWORKS)) == ["name"]
    # And once dropped it is gone
    assert (await rules.delete("/api/v1/lists/bad_networks")).json() == {"version": 2, "added": 0, "removed": 0}
    assert (await rules.get("/api/v1/lists/bad_networks")).status_code == 404
    assert (await rules.delete("/api/v1/lists/bad_networks")).status_code == 404


async def test_a_list_that_a_rule_looks_into_is_not_dropped(rules: httpx.AsyncClient) -> None:
    answer = await rules.delete("/api/v1/lists/high_risk_countries")
    assert answer.status_code == 409
    assert "RULE_HIGH_RISK_COUNTRY" in answer.json()["detail"]


async def test_entries_are_added_paged_and_removed(api: Api, rules: httpx.AsyncClient) -> None:
    # Given entries, added as the documentation shows
    added = await rules.post(ENTRIES, json=described.ENTRIES_PAYLOAD)
    assert added.json() == {"version": 2, "added": 2, "removed": 0}
    await rules.post(ENTRIES, json={"entries": [{"value": "192.0.2.1"}]})
    # When they are read page by page
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while cursor is not None or not found:
        page = (await rules.get(ENTRIES, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        found += page["entries"]
        cursor = page["next_cursor"]
    # Then all are there once, in their one form, with who added them
    first = {"expires_at": "2099-03-31T00:00:00.000Z", "note": "case 1147"}
    assert [each["value"] for each in found] == ["192.0.2.1/32", "2001:db8::17/128", "203.0.113.0/24"]
    assert {name: found[2][name] for name in first} == first
    assert {each["added_by"].partition(" ")[0] for each in found} == {"ann"}
    # And they can be removed, several at once
    gone = await rules.delete(ENTRIES, params={"value": ["192.0.2.1", "2001:db8::17/128"]})
    assert gone.json() == {"version": 4, "added": 0, "removed": 2}
    assert (await rules.delete(ENTRIES, params={"value": "192.0.2.1"})).status_code == 404
    assert (await running.get(api.database)).lists == 4


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, ["entries"]),
        ({"entries": []}, ["entries"]),
        ({"entries": [{"value": "::1"}] * 1_001}, ["entries"]),
        ({"entries": [{"value": "::1"}], "by": "me"}, ["entries"]),
        ({"entries": ["::1"]}, ["entries[0]"]),
        ({"entries": [{"value": "::1", "until": 5}, {"expires_at": "soon"}]}, None),
        (
            {"entries": [{"value": "::1/200"}, {"value": "::1"}, {"value": ""}]},
            ["entries[0].value", "entries[2].value"],
        ),
        ({"entries": [{"value": "::1", "expires_at": "1969-01-01T00:00:00Z"}]}, ["entries[0].expires_at"]),
        ({"entries": [{"value": "::1\0"}]}, ["entries[0].value"]),
    ],
)
async def test_faults_of_entries_are_all_named(
    rules: httpx.AsyncClient, sent: dict[str, Any], expected: list[str] | None
) -> None:
    answer = await rules.post(ENTRIES, json=sent)
    assert paths(answer) == (expected or ["entries[0].until", "entries[1].value", "entries[1].expires_at"])
    assert (await rules.get(ENTRIES)).json()["entries"] == []


async def test_a_file_is_imported_or_refused_whole(rules: httpx.AsyncClient) -> None:
    # Given a file as the documentation shows it
    taken = await rules.post(IMPORT, content=described.FILE, headers=CSV)
    assert taken.json() == {"version": 2, "added": 2, "removed": 0}
    # When another has a bad row, Then it is named, and nothing changes
    refused = await rules.post(IMPORT, content="192.0.2.1\n192.0.2.300\n", headers=CSV)
    assert paths(refused) == ["row 2"]
    # And one may take the place of all there is
    replaced = await rules.post(IMPORT, params={"replace": "true"}, content="192.0.2.1", headers=CSV)
    assert replaced.json() == {"version": 3, "added": 1, "removed": 2}
    # And what is no CSV is not read
    assert (await rules.post(IMPORT, json={})).status_code == 415
    assert (await rules.post(IMPORT, content=b"\xff", headers=CSV)).status_code == 400


async def test_a_rule_is_snoozed_shown_and_wakes_up(rules: httpx.AsyncClient) -> None:
    # Given a snooze as the documentation shows it
    made = await rules.post("/api/v1/snoozes", json=described.SNOOZE_PAYLOAD)
    assert (made.status_code, made.json()) == (201, {"version": 2, "added": 1, "removed": 0})
    # When snoozes are asked for, Then it is there
    (shown,) = (await rules.get("/api/v1/snoozes")).json()["snoozes"]
    assert {name: shown[name] for name in described.SNOOZE_PAYLOAD} == described.SNOOZE_PAYLOAD
    assert shown["added_by"].startswith("ann")
    # And it can be ended, once
    which = {name: described.SNOOZE_PAYLOAD[name] for name in ("rule_id", "field", "value")}
    assert (await rules.delete("/api/v1/snoozes", params=which)).json()["removed"] == 1
    assert (await rules.get("/api/v1/snoozes")).json() == {"snoozes": []}
    assert (await rules.delete("/api/v1/snoozes", params=which)).status_code == 404


async def test_an_unknown_rule_is_refused_with_a_hint(rules: httpx.AsyncClient) -> None:
    answer = await rules.post("/api/v1/snoozes", json=described.SNOOZE_PAYLOAD | {"rule_id": "RULE_SPIKE"})
    assert paths(answer) == ["rule_id"]
    assert "RULE_SPIKE_ANOMALY" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "lists"),
        ("DELETE", "lists/bad_networks"),
        ("POST", "lists/bad_networks/entries"),
        ("DELETE", "lists/bad_networks/entries?value=a"),
        ("POST", "lists/bad_networks/import"),
        ("POST", "snoozes"),
        ("DELETE", "snoozes?rule_id=a&field=b&value=c"),
    ],
)
async def test_changes_need_a_key_for_rules(api: Api, rules: httpx.AsyncClient, method: str, path: str) -> None:
    key = await api_keys.create(api.database, "shop", ("ingest", "read"))
    async with client_of(api.port, key) as client:
        for spelled in (f"/api/v1/{path}", f"/api/v1//{path}"):
            assert (await client.request(method, spelled)).status_code == 403
        assert (await client.get("/api/v1/lists")).status_code == 200


@pytest.mark.parametrize("name", ["gone", "a\0b", "é", "a/b"])
async def test_lists_that_are_not_there_are_not_found(rules: httpx.AsyncClient, name: str) -> None:
    base = f"/api/v1/lists/{quote(name, safe='')}"
    answers = [
        await rules.get(base),
        await rules.get(f"{base}/entries"),
        await rules.post(f"{base}/entries", json={"entries": [{"value": "x"}]}),
        await rules.post(f"{base}/import", content="x", headers=CSV),
        await rules.delete(base),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5


@pytest.mark.parametrize("query", ["cursor=%21", "cursor=AA", "cursor=_w", "limit=0", "limit=1001"])
async def test_odd_pages_are_refused(rules: httpx.AsyncClient, query: str) -> None:
    assert paths(await rules.get(f"{ENTRIES}?{query}")) == [query.partition("=")[0]]
