"""What comes in: every request that has a body, from bytes to answer, without a framework in between.

The ingest path is the engine's hottest: Litestar's part in an answer would cost more than all that is done here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from prometheus_client import Counter

from riskengine.api import answers
from riskengine.api.answers import Answer
from riskengine.api.asked import Asked
from riskengine.api.bodies import Headers, read_json
from riskengine.api.explaining import explained
from riskengine.api.service import Service
from riskengine.api.views import AcceptedView, AccountView, BatchView
from riskengine.domain import account_validation, clock, validation
from riskengine.domain.errors import FieldError, InvalidInput
from riskengine.storage import accounts

Result = TypeVar("Result")

LARGEST_SINGLE = 64 << 10
"""Bytes of a body with one transaction (its metadata has 4 KiB) or account."""

LARGEST_BATCH = 8 << 20
"""Bytes of a body with up to 1000 transactions."""

Handler = Callable[[Service, Asked], Awaitable[Answer]]
"""Answers a request."""

_accepted = Counter("riskengine_accepted_total", "Transactions accepted", ["by"])
_replayed = Counter("riskengine_replayed_total", "Transactions sent again under a key that was known")
_accepted_single, _accepted_batch, _accepted_now = (_accepted.labels(by) for by in ("single", "batch", "decision"))


async def submit(service: Service, asked: Asked) -> Answer:
    """`POST /transactions`: stored before it is answered, decided later."""
    body = await read_json(asked.headers, asked.receive, LARGEST_SINGLE)
    submission = validation.submission(body, clock.now_ms(), _key_in(asked.headers))
    receipt = await service.ingest.submit(submission)
    (_replayed if receipt.replayed else _accepted_single).inc()
    return answers.json(200 if receipt.replayed else 201, AcceptedView.of(receipt))


async def submit_batch(service: Service, asked: Asked) -> Answer:
    """`POST /transactions/batch`: all stored, or none. There is room for them before anything is made of the body."""
    if _key_in(asked.headers) is not None:
        raise InvalidInput((FieldError(validation.KEY_HEADER, "give each transaction of a batch a key of its own"),))
    body = await read_json(asked.headers, asked.receive, LARGEST_BATCH)
    with service.room.take(_about(body)) as places:
        submissions = await _read_in_turns(service, validation.batch(body, clock.now_ms()))
        await asked.toll.pay(len(submissions))
        receipts = await service.ingest.submit_batch(submissions, places)
    replayed = sum(receipt.replayed for receipt in receipts)
    _replayed.inc(replayed)
    _accepted_batch.inc(len(receipts) - replayed)
    return answers.json(201, BatchView([AcceptedView.of(receipt) for receipt in receipts]))


async def decide(service: Service, asked: Asked) -> Answer:
    """`POST /decisions`: stored and decided before it is answered."""
    body = await read_json(asked.headers, asked.receive, LARGEST_SINGLE)
    submission = validation.submission(body, clock.now_ms(), _key_in(asked.headers))
    decision = await service.immediate.decide(submission)
    replayed = decision.verdict.transaction_id != submission.transaction.transaction_id
    (_replayed if replayed else _accepted_now).inc()
    engine = await service.engines.of(decision.verdict.versions)
    return answers.json(200, await explained(service.database, engine, decision, submission.transaction))


async def describe_account(service: Service, asked: Asked) -> Answer:
    """`PUT /accounts/{account_id}`: the account's attributes, new or changed."""
    body = await read_json(asked.headers, asked.receive, LARGEST_SINGLE)
    account = account_validation.account(body, text_of(asked.rest), clock.now_ms())
    described = await accounts.put(service.database, account)
    await service.profiles.changed(account.account_id)
    return answers.json(200, AccountView.of(described))


def text_of(encoded: str) -> str:
    """What a percent-encoded part of a path says; bytes that are not UTF-8 become half surrogate pairs."""
    return unquote_to_bytes(encoded).decode("utf-8", "surrogateescape")


async def _read_in_turns(service: Service, reading: Generator[None, None, Result]) -> Result:
    """What the generator returns. In a turn of the event loop, one batch goes one step on, and others are served.

    A thread would not do: whenever the event loop let go of the interpreter, which it does for each request, it would
    wait for that thread's turn to end.
    """
    async with service.reading:
        while True:
            try:
                next(reading)
            except StopIteration as end:
                result: Result = end.value
                return result
            await asyncio.sleep(0)


def _about(body: bytes) -> int:
    """How many transactions a batch has, more or less, before it is read: each has an account."""
    return max(1, min(body.count(b'"account_id"'), validation.LARGEST_BATCH))


def _key_in(headers: Headers) -> str | None:
    key = headers.get(b"idempotency-key")
    return None if key is None else key.decode("utf-8", "surrogateescape")
