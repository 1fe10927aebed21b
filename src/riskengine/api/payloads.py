"""JSON bodies that handlers read themselves: bounded, and every fault named."""

from typing import Any, TypeVar, cast

import msgspec
from litestar import Request

from riskengine.api.answers import Receive
from riskengine.api.bodies import read_json
from riskengine.domain import shape
from riskengine.domain.errors import InvalidInput
from riskengine.domain.shape import Shape

Struct = TypeVar("Struct", bound=msgspec.Struct)


async def json_of(request: Request[Any, Any, Any], limit: int) -> object:
    """The JSON value of a request, at most `limit` bytes. Raises what bodies raise, and Malformed."""
    headers = dict(request.scope["headers"])
    return shape.from_json(await read_json(headers, cast(Receive, request.receive), limit))


def right(of: Shape[Struct], payload: type[Struct], value: object) -> Struct:
    """The value as a payload. Raises InvalidInput that names every fault."""
    found = of.read(value)
    if found.faults:
        raise InvalidInput(tuple(found.faults))
    return payload(**found.right)
