"""The API describes itself, whole, and without the internet."""

import re
from typing import Any

import httpx
import pytest

from riskengine.api import routes
from riskengine.api.app import create_app
from riskengine.settings import Settings
from tests.api.conftest import Api

METHODS = {"get", "put", "post", "delete"}
RELEASES = {
    ("get", ""),
    ("get", "/{version}"),
    ("get", "/history"),
    ("get", "/drafts"),
    ("post", "/drafts"),
    ("get", "/drafts/{draft_id}"),
    ("post", "/drafts/{draft_id}/check"),
    ("post", "/drafts/{draft_id}/approve"),
    ("post", "/drafts/{draft_id}/publish"),
    ("post", "/drafts/{draft_id}/discard"),
    ("post", "/rollback"),
}
"""What there is of each kind of release."""

EXPECTED = {
    *(
        (method, f"/api/v1/{kind}{path}")
        for kind in ("rulesets", "catalogues", "rates", "models")
        for method, path in RELEASES
    ),
    ("get", "/api/v1/rulesets/running"),
    ("get", "/api/v1/workers"),
    ("get", "/api/v1/dead-letters"),
    ("get", "/api/v1/dead-letters/causes"),
    ("get", "/api/v1/dead-letters/{letter_id}"),
    ("post", "/api/v1/dead-letters/replay"),
    ("post", "/api/v1/dead-letters/discard"),
    ("get", "/api/v1/lists"),
    ("post", "/api/v1/lists"),
    ("get", "/api/v1/lists/{name}"),
    ("delete", "/api/v1/lists/{name}"),
    ("get", "/api/v1/lists/{name}/entries"),
    ("post", "/api/v1/lists/{name}/entries"),
    ("delete", "/api/v1/lists/{name}/entries"),
    ("post", "/api/v1/lists/{name}/import"),
    ("get", "/api/v1/snoozes"),
    ("post", "/api/v1/snoozes"),
    ("delete", "/api/v1/snoozes"),
    ("post", "/api/v1/transactions"),
    ("get", "/api/v1/transactions"),
    ("post", "/api/v1/transactions/batch"),
    ("get", "/api/v1/transactions/{transaction_id}"),
    ("get", "/api/v1/transactions/{transaction_id}/decision"),
    ("post", "/api/v1/decisions"),
    ("put", "/api/v1/accounts/{account_id}"),
    ("get", "/api/v1/accounts/{account_id}"),
    ("get", "/api/v1/accounts/{account_id}/profile"),
    ("get", "/api/v1/analytics/summary"),
    ("get", "/api/v1/analytics/distribution"),
    ("get", "/api/v1/analytics/volume"),
    ("get", "/api/v1/analytics/rules/top"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
    ("get", "/metrics"),
}


@pytest.fixture
async def document(api: Api) -> dict[str, Any]:
    answer = await api.client.get("/api/v1/openapi.json")
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


async def test_the_document_is_openapi_3_1_and_has_every_route(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert operations(document).keys() == EXPECTED
    assert {(route.method.lower(), route.template) for route in routes.ROUTES} <= EXPECTED


BODILESS = ("/check", "/approve", "/{draft_id}/discard")
"""How paths end that are posted to without a body."""


def _has_body(method: str, path: str) -> bool:
    return method in ("post", "put") and not path.endswith(BODILESS)


async def test_every_answer_and_body_has_an_example(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        described = list(operation["responses"].values())
        assert described, name
        bodies = [operation["requestBody"]] if _has_body(*name) else []
        for part in (*described, *bodies):
            for content in part["content"].values():
                assert content.get("example") or content.get("examples"), (name, part)


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(re.findall(r"'\$ref': '#/components/schemas/([^']+)'", str(document)))
    assert references
    assert references <= document["components"]["schemas"].keys()
    assert document["components"]["securitySchemes"]


async def test_the_examples_are_what_the_api_takes(api: Api, document: dict[str, Any]) -> None:
    for method, path in (
        ("post", "/api/v1/transactions"),
        ("post", "/api/v1/transactions/batch"),
        ("post", "/api/v1/decisions"),
        ("put", "/api/v1/accounts/{account_id}"),
    ):
        content = operations(document)[method, path]["requestBody"]["content"]["application/json"]
        answer = await api.client.request(method, path.replace("{account_id}", "a"), json=content["example"])
        assert answer.is_success, answer.text


async def test_the_page_loads_from_this_server_alone(api: Api) -> None:
    root = await api.client.get("/")
    page = await api.client.get("/docs")
    assert (root.status_code, root.headers["location"]) == (302, "/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "//" not in re.sub(r"^\s*//.*$", "", page.text, flags=re.MULTILINE)
    addresses = re.findall(r'(?:src|href)="([^"]+)"|fetch\("([^"]+)"\)', page.text)
    assert len(addresses) == 4
    for address in addresses:
        answer: httpx.Response = await api.client.get("".join(address))
        assert answer.status_code == 200
        assert len(answer.content) > 100


def test_the_application_needs_no_server_to_be_made() -> None:
    assert create_app(Settings(database_url="postgresql://nowhere/x", redis_url="redis://nowhere"))
