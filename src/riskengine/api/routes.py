"""Which requests are answered without a framework, and what keys requests need."""

import re
from functools import cached_property

import msgspec

from riskengine.api import intake, profiles
from riskengine.api.intake import LARGEST_BATCH, LARGEST_SINGLE, Handler
from riskengine.storage.api_keys import Scope as KeyScope

API = "/api/v1"

HEALTH = ("/health/live", "/health/ready")
METRICS = "/metrics"
DOCS = "/docs"
OPENAPI = f"{API}/openapi.json"
ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")

OPEN = frozenset({"/", DOCS, OPENAPI, METRICS, *HEALTH, *(f"{DOCS}/{name}" for name in ASSETS)})
"""Paths that need no key. All others do, whether there is anything or not."""

_NEEDED: dict[str, KeyScope] = {"GET": "read", "HEAD": "read", "OPTIONS": "read", "POST": "ingest"}
"""The scope that a method needs; any other needs `admin`."""

DECIDING = ("rulesets", "catalogues", "rates", "models", "lists", "snoozes")
"""Where what decides is kept: whoever changes something there needs `rules`."""

_DECIDING = re.compile(rf"{API}/({'|'.join(DECIDING)})(/.*)?")
_LETTERS = re.compile(rf"{API}/dead-letters(/.*)?")


class Route(msgspec.Struct, frozen=True, dict=True):
    """A method and a path, or what a path is like around braces, and who answers them.

    `largest` is of a body, in bytes. `stores` says that it needs room for transactions, `pays_itself` that its handler
    knows what it costs.
    """

    method: str
    template: str
    handler: Handler
    largest: int
    stores: bool = True
    pays_itself: bool = False

    @cached_property
    def start(self) -> str:
        """The path up to where it varies."""
        return self.template.partition("{")[0]

    @cached_property
    def end(self) -> str:
        """The path from where it does not vary any more."""
        return self.template.partition("}")[2]

    def fits(self, method: str, path: str) -> bool:
        """Whether this is the route of a request, if it is one whose path varies."""
        own = self.method == method and path.startswith(self.start) and path.endswith(self.end)
        return own and len(path) > len(self.start) + len(self.end)


ROUTES = (
    Route("POST", f"{API}/transactions", intake.submit, LARGEST_SINGLE),
    Route("POST", f"{API}/transactions/batch", intake.submit_batch, LARGEST_BATCH, pays_itself=True),
    Route("POST", f"{API}/decisions", intake.decide, LARGEST_SINGLE),
    Route("PUT", f"{API}/accounts/{{account_id}}", intake.describe_account, LARGEST_SINGLE, stores=False),
    Route("GET", f"{API}/accounts/{{account_id}}{profiles.END}", profiles.answer, LARGEST_SINGLE, stores=False),
)

_exact = {(route.method, route.template): route for route in ROUTES if route.start == route.template}
_begun = [route for route in ROUTES if route.start != route.template]


def find(method: str, path: str) -> Route | None:
    """The route of a request, or None. A slash too much at the end does not matter."""
    found = _exact.get((method, path)) or _exact.get((method, path.rstrip("/")))
    if found is None:
        found = next((route for route in _begun if route.fits(method, path)), None)
    return found


def rest(raw_path: bytes, start: str) -> str:
    """What follows `start` in a request's path, as the client encoded it."""
    return raw_path.decode("ascii", "replace")[len(start) :]


def scope_needed(method: str, path: str) -> KeyScope | None:
    """The scope that a request's key must have; None if it needs no key."""
    if path in OPEN:
        return None
    needed = _NEEDED.get(method, "admin")
    plain = re.sub("/+", "/", path)  # the framework takes several slashes for one
    if needed != "read" and _LETTERS.fullmatch(plain):
        return "admin"
    return "rules" if needed != "read" and _DECIDING.fullmatch(plain) else needed
