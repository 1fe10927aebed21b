"""Clients that cost little, because they share the machine with what they measure.

They run on uvloop over keep-alive connections with requests made beforehand, and look only at the status of an answer.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence

from riskengine.client.connection import Connection
from riskengine.client.requests import Requests

TAKEN = {200, 201}


class BenchmarkError(Exception):
    """Something was not accepted or not decided: the figures would mean nothing."""


async def closed_loop(to: Requests, requests: Sequence[bytes], connections: int) -> list[float]:
    """Sends all requests, each connection the next one when it has its answer. Returns the latencies in seconds."""
    latencies: list[float] = []
    remaining = iter(requests)

    async def one_by_one() -> None:
        connection = Connection(to.host, to.port)
        try:
            for request in remaining:
                sent = time.perf_counter()
                await _send(connection, request)
                latencies.append(time.perf_counter() - sent)
        finally:
            connection.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(one_by_one())
    return latencies


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
        await _send(connection, request)
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


async def _send(connection: Connection, request: bytes) -> None:
    response = await connection.send(request)
    if response.status not in TAKEN:
        raise BenchmarkError(f"{response.status}: {response.body[:500].decode(errors='replace')}")
