"""A process dies between any two steps of ingest and decide: nothing is lost, and all is decided once."""

import asyncio
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from riskengine import wiring
from riskengine.pipeline.running import Running
from riskengine.pipeline.verify import verify
from riskengine.resilience.failpoints import POINTS
from riskengine.stack.errors import StackError
from riskengine.stack.stack import Stack
from riskengine.storage import submissions
from riskengine.storage.database import Database
from riskengine.storage.replays import Span
from tests import factories

SENDERS = 6
OF_FAILURES = {"fail.begun", "fail.noted", "letters.announced"}
OF_THE_RELAY = {"relay.marked", "relay.published"}
STRANGERS = (
    "SELECT count(*) FROM decisions d LEFT JOIN transactions t USING (transaction_id) WHERE t.transaction_id IS NULL"
)
UNDECIDED = "SELECT count(*) FROM pending WHERE retry_at IS DISTINCT FROM 'infinity'"


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the stack's processes look for what they are to do."""
    return tmp_path_factory.mktemp("orders")


@pytest.fixture(scope="module")
def stack(orders: Path) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIL_POINTS", str(orders))
        patch.setenv("WORKER_TAKEOVER_IDLE_MS", "1000")
        patch.setenv("RELAY_AFTER_MS", "1000")
        patch.setenv("RETRY_FIRST_MS", "50")
        try:
            stack = Stack(api=2, workers=2)
            stack.__enter__()
        except StackError as error:
            pytest.skip(f"no embedded stack: {error}")
    yield stack
    stack.stop()


def _payload(key: str, number: int) -> dict[str, object]:
    return {
        "account_id": f"account-{number % 5}",
        "amount": f"{10 + number % 90}.50",
        "currency": "EUR",
        "device_id": f"device-{number % 3}",
        "idempotency_key": key,
    }


async def _accepted(client: httpx.AsyncClient, path: str, body: dict[str, object]) -> list[dict[str, object]]:
    """What was accepted, by a client that sends the same again until it has an answer."""
    while True:
        try:
            answer = await client.post(path, json=body)
        except httpx.TransportError:
            continue
        if answer.status_code in (200, 201):
            found = answer.json()
            return list(found.get("transactions", [found]))
        assert answer.status_code in (502, 503), answer.text
        await asyncio.sleep(0.05)


async def _send(client: httpx.AsyncClient, order: Path, sender: int, accepted: dict[str, UUID]) -> None:
    """Sends singles, batches and decisions until the order was carried out, and a few more."""
    more, number = 3, 0
    while more:
        more -= _carried_out(order)
        number += 1
        keys = [f"{order.name}-{sender}-{number}-{n}" for n in range(4)]
        one = await _accepted(client, "/transactions", _payload(keys[0], number))
        batch = {"transactions": [_payload(key, number + n) for n, key in enumerate(keys[1:3])]}
        two = await _accepted(client, "/transactions/batch", batch)
        now = await _accepted(client, "/decisions", _payload(keys[3], number))
        for key, found in zip(keys, [*one, *two, *now], strict=True):
            accepted[key] = UUID(str(found["transaction_id"]))


def _carried_out(order: Path) -> bool:
    return not order.exists()


async def _store_unscorable(database: Database) -> UUID:
    """A transaction as the API would refuse it: what is in the database can be anything, after all."""
    made = factories.submission(account_id="account-0", amount="1.00")
    async with database.connection() as connection:
        await submissions.store(connection, [made])
        await connection.execute(
            "UPDATE transactions SET amount = $2 WHERE transaction_id = $1",
            made.transaction.transaction_id,
            Decimal("NaN"),
        )
    return made.transaction.transaction_id


async def _lose_some(database: Database) -> dict[str, UUID]:
    """Transactions that were stored by a process that died before it published them."""
    made = [factories.submission(account_id=f"account-{n}") for n in range(5)]
    async with database.connection() as connection:
        await submissions.store(connection, made)
    return {s.idempotency_key: s.transaction.transaction_id for s in made}


async def _settled(database: Database, letters: int) -> None:
    """Returns when nothing waits for a decision, and there are so many dead letters, all announced."""
    announced = "SELECT count(*) FROM dead_letters WHERE announced_at IS NOT NULL"
    async with asyncio.timeout(90), database.connection() as connection:
        while await connection.fetchval(UNDECIDED) or await connection.fetchval(announced) < letters:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("point", POINTS)
async def test_a_crash_at_this_point_loses_nothing(
    stack: Stack, client: httpx.AsyncClient, database: Database, orders: Path, point: str
) -> None:
    # Given load, and a process that is to die the next time that one passes this point
    async with database.connection() as connection:
        letters = await connection.fetchval("SELECT count(*) FROM dead_letters")
    order = orders / point
    accepted = await _lose_some(database) if point in OF_THE_RELAY else {}
    unscorable = {await _store_unscorable(database)} if point in OF_FAILURES else set()
    (orders / f"new.{os.getpid()}").write_text("crash")
    (orders / f"new.{os.getpid()}").rename(order)
    # When clients send until it has died, and on
    async with asyncio.timeout(120):
        await asyncio.gather(*(_send(client, order, sender, accepted) for sender in range(SENDERS)))
    await _settled(database, letters + len(unscorable))
    # Then what was accepted under a key is stored once, and decided once
    async with database.connection() as connection:
        ids = list(accepted.values())
        stored = await connection.fetch(
            "SELECT idempotency_key, transaction_id FROM transactions WHERE idempotency_key = ANY ($1::text[])",
            list(accepted),
        )
        decided = await connection.fetch("SELECT transaction_id FROM decisions WHERE transaction_id = ANY ($1)", ids)
        strangers = await connection.fetchval(
            "SELECT count(*) FROM decisions d LEFT JOIN transactions t USING (transaction_id) WHERE t IS NULL"
        )
        dead = await connection.fetch("SELECT transaction_id, retry_count FROM dead_letters ORDER BY letter_id")
    assert sorted((row["idempotency_key"], row["transaction_id"]) for row in stored) == sorted(accepted.items())
    assert sorted(row["transaction_id"] for row in decided) == sorted(ids)
    assert strangers == 0
    # And nothing is a dead letter but what cannot be decided, after all its tries
    assert [tuple(row) for row in dead][letters:] == [(transaction_id, 3) for transaction_id in unscorable]


async def test_after_all_of_it_every_decision_can_be_executed_again(stack: Stack, database: Database) -> None:
    # Given what all these crashes left behind
    async with database.connection() as connection:
        gaps = await connection.fetchval(
            "SELECT count(*) FROM (SELECT FROM decisions GROUP BY account_id"
            " HAVING count(*) <> max(account_sequence) OR min(account_sequence) <> 1) AS gap"
        )
    # When it is executed again
    report = await verify(database, await Running.start(database, wiring.builder(database)), Span())
    # Then every account's decisions are numbered without a gap, and all come out the same
    assert gaps == 0
    assert report.total > 500
    assert report.sound, report.sentence
