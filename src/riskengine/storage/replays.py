"""Reading decisions back to execute them again: in the two orders that matter, and in bounded memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec

from riskengine.domain import clock, ids
from riskengine.domain.decision import Decision
from riskengine.domain.outcome import Outcome
from riskengine.domain.transaction import Transaction
from riskengine.storage import decisions, queries, transactions
from riskengine.storage.database import Connection, Database, Row

PAGE = 2_000
"""Decisions held at once: about 6 MB."""

ACCOUNTS = 500
"""Accounts whose histories are read with one statement."""

PATIENCE = 3_600.0
"""Seconds that putting decisions in order may take: sorting some 10^8 keys."""

LATEST = clock.to_ms(datetime.fromisoformat("9999-01-01T00:00:00Z"))
"""After every transaction there can be (ms)."""


class Span(msgspec.Struct, frozen=True):
    """Which decisions: of transactions created in [since, until), ms since the epoch; of one account, if given."""

    since: int = 0
    until: int = LATEST
    account_id: str | None = None


class Executed(msgspec.Struct, frozen=True, gc=False):
    """A decision and the transaction it is on, None if that is missing."""

    decision: Decision
    transaction: Transaction | None


class Remembered(msgspec.Struct, frozen=True, gc=False):
    """A transaction at its place in its account's order, what became of it, and the versions its events depend on.

    `features` are None for what only leads to the decisions of the span.
    """

    transaction: Transaction
    sequence: int
    outcome: Outcome
    catalogue: int
    rates: int
    features: tuple[float, ...] | None


class Replays:
    """Reads on one connection. Only keys are put in order, on the server; no transaction is held open for long."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def reading(cls, database: Database) -> AsyncIterator["Replays"]:
        """A reader, for as long as the block lasts. It needs a connection of its own. Raises Unavailable."""
        async with database.connection() as connection:
            try:
                yield cls(connection)
            finally:
                if not connection.is_closed():
                    await connection.execute("CLOSE ALL")

    async def order(self, span: Span) -> int:
        """Puts the decisions of a span in the order in which they were decided; says how many there are."""
        await self._declare("replay_keys", span)
        count = int((await self._connection.execute("MOVE FORWARD ALL FROM replay_keys")).split()[1])
        await self._connection.execute("MOVE ABSOLUTE 0 FROM replay_keys")
        return count

    async def decided(self, database: Database) -> AsyncIterator[list[Executed]]:
        """The decisions that were put in order, page by page."""
        while keys := await self._fetch("replay_keys", PAGE):
            ids, created = [key["transaction_id"] for key in keys], [key["created_at"] for key in keys]
            yield [_executed(row) for row in await database.fetch("replay_decisions", ids, created)]

    async def accounts(self, span: Span) -> AsyncIterator[list[str]]:
        """The accounts that have transactions in the span, page by page."""
        await self._declare("replay_accounts", span)
        while rows := await self._fetch("replay_accounts", ACCOUNTS):
            yield [row["account_id"] for row in rows]

    async def histories(self, account_ids: list[str], span: Span, floor: int) -> AsyncIterator[list[Remembered]]:
        """What the accounts' histories were made of since `floor` (ms), account by account in order, page by page."""
        bounds = [clock.to_datetime(ms) for ms in (floor, span.since, span.until)]
        async with self._connection.transaction(readonly=True):
            cursor = await self._connection.cursor(
                queries.text("replay_histories"), account_ids, *bounds, timeout=PATIENCE
            )
            while rows := await cursor.fetch(PAGE, timeout=PATIENCE):
                yield [_remembered(row) for row in rows]

    async def _declare(self, name: str, span: Span) -> None:
        """Opens a cursor that outlives its transaction: the rows wait on the server, in a file if there are many."""
        since, until = clock.to_datetime(span.since), clock.to_datetime(span.until)
        statement = f"DECLARE {name} SCROLL CURSOR WITH HOLD FOR {queries.text(name)}"
        ends = ids.first(span.since), ids.first(span.until)
        await self._connection.fetch(statement, since, until, span.account_id, *ends, timeout=PATIENCE)

    async def _fetch(self, name: str, count: int) -> list[Row]:
        rows: list[Row] = await self._connection.fetch(f"FETCH FORWARD {count} FROM {name}")
        return rows


async def catalogues(database: Database) -> list[int]:
    """The versions of the catalogues that ever ran."""
    return [row["version"] for row in await database.fetch("replay_catalogues")]


def _executed(row: Row) -> Executed:
    return Executed(decisions.from_row(row), None if row["amount"] is None else transactions.from_row(row))


def _remembered(row: Row) -> Remembered:
    features = row["features"]
    return Remembered(
        transactions.from_row(row),
        row["account_sequence"],
        Outcome(row["outcome"]),
        row["catalogue_version"],
        row["rates_version"],
        None if features is None else tuple(features),
    )
