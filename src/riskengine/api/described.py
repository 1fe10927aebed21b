"""How answers are described in the OpenAPI document."""

from dataclasses import dataclass
from typing import Any

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIResponse, Operation, RequestBody, Schema

from riskengine.api import examples
from riskengine.api.problems import CONTENT_TYPE, KINDS, Problem, sample
from riskengine.domain.errors import Forbidden, RateLimited, Unauthenticated, Unavailable

NO_KEY: list[dict[str, list[str]]] = [{}]
"""The security of what everyone may ask."""

Responses = dict[int, ResponseSpec]

_WITH_A_KEY = (Unauthenticated, Forbidden, RateLimited, Unavailable)


@dataclass
class Described(Operation):
    """An operation as Litestar describes it, put right: faults are not its own 400, and bodies show their example."""

    def __post_init__(self) -> None:
        refused = (self.responses or {}).get("400")
        if self.responses and isinstance(refused, OpenAPIResponse) and "application/json" in (refused.content or {}):
            del self.responses["400"]
        if isinstance(self.request_body, RequestBody):
            for content in self.request_body.content.values():
                if isinstance(content.schema, Schema) and content.schema.examples:
                    content.example = content.schema.examples[0]


def answers(
    status: int, view: Any, example: object, description: str, media_type: str = "application/json"
) -> Responses:
    """The answer that shows a view."""
    shown = examples.of(example)
    return {status: ResponseSpec(view, False, description, media_type, shown)}


def shows(status: int, view: Any, example: object, description: str, *refusals: type[Exception]) -> Responses:
    """The answer that shows a view, and the problems that a request with a key may meet instead."""
    return answers(status, view, example, description) | problems(*_WITH_A_KEY, *refusals)


def problems(*refusals: type[Exception]) -> Responses:
    """The problems that these errors lead to."""
    found: Responses = {}
    for refusal in refusals:
        kind = KINDS[refusal]
        found |= answers(kind.status, Problem, sample(refusal), kind.title, CONTENT_TYPE.decode())
    return found
