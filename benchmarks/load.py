"""Clients that send at a rate, whatever comes back: what `riskengine.client.closed_loop` cannot do."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence

from riskengine.client.closed_loop import taken
from riskengine.client.connection import Connection
from riskengine.client.requests import Requests


class BenchmarkError(Exception):
    """Something was not accepted or not decided: the figures would mean nothing."""


async def open_loop(to: Requests, requests: Sequence[bytes], rate: float) -> list[float]:
    """Sends `rate` requests a second, evenly, however slow the answers are. Returns the latencies in seconds.

    They are counted from the moment when a request was due, whether or not it could be sent then: a stall of the server
    shows in every request that it delays (no coordinated omission).
    """
    latencies: list[float] = []
    idle: deque[Connection] = deque()
    everyone: list[Connection] = []

    async def one(request: bytes, due: float) -> None:
        if not idle:
            everyone.append(Connection(to.host, to.port))
            idle.append(everyone[-1])
        connection = idle.pop()
        await taken(connection, request)
        latencies.append(time.perf_counter() - due)
        idle.append(connection)

    started = time.perf_counter()
    try:
        async with asyncio.TaskGroup() as tasks:
            for number, request in enumerate(requests):
                due = started + number / rate
                if (ahead := due - time.perf_counter()) > 0:
                    await asyncio.sleep(ahead)
                tasks.create_task(one(request, due))
    finally:
        for connection in everyone:
            connection.close()
    return latencies
