"""Clients that send the next request when they have their answer, and look only at its status.

They cost little, because they share the machine with what they measure: keep-alive connections, requests made
beforehand.
"""

import asyncio
import time
from collections.abc import Sequence

from riskengine.client.connection import Connection
from riskengine.client.requests import Requests
from riskengine.domain.errors import RiskEngineError

TAKEN = {200, 201}
"""Statuses of what was taken."""

_MOST_WORDS = 500  # of an answer that are told


class NotTakenError(RiskEngineError):
    """Something was not accepted or not decided: what was measured would mean nothing."""


async def closed_loop(to: Requests, requests: Sequence[bytes], connections: int) -> list[float]:
    """Sends all requests, each connection the next one when it has its answer. Returns the latencies in seconds.

    Raises NotTakenError if one is refused, and Unavailable if nobody answers.
    """
    latencies: list[float] = []
    remaining = iter(requests)

    async def one_by_one() -> None:
        connection = Connection(to.host, to.port)
        try:
            for request in remaining:
                sent = time.perf_counter()
                await taken(connection, request)
                latencies.append(time.perf_counter() - sent)
        finally:
            connection.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(one_by_one())
    return latencies


async def taken(connection: Connection, request: bytes) -> None:
    """Returns once the request is answered and taken. Raises NotTakenError."""
    response = await connection.send(request)
    if response.status not in TAKEN:
        raise NotTakenError(f"{response.status}: {response.body[:_MOST_WORDS].decode(errors='replace')}")
