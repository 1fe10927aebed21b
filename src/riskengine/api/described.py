"""How answers are described in the OpenAPI document."""

from typing import Any

from litestar.openapi.datastructures import ResponseSpec

from riskengine.api import examples
from riskengine.api.problems import CONTENT_TYPE, KINDS, Problem, sample
from riskengine.domain.errors import Forbidden, Unauthenticated, Unavailable

Responses = dict[int, ResponseSpec]

_WITH_A_KEY = (Unauthenticated, Forbidden, Unavailable)


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
