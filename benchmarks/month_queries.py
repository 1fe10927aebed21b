"""Every statement that touches transactions or decisions, with plausible arguments, and what it may read."""

import re
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import msgspec

from riskengine.domain import clock, ids
from riskengine.domain.decision import Decision, Parts, Verdict, Versions
from riskengine.domain.outcome import Level, Outcome
from riskengine.domain.transaction import Submission, Transaction
from riskengine.storage import decisions, queries, submissions
from riskengine.storage.records import LAST_TIME

QUERIES = Path(queries.__file__).parent

WHOLE = {
    "audit": "compares all that is stored with what was accepted",
    "chaos_decided": "reads back every decision",
    "chaos_stored": "reads back every transaction",
    "decision_delays": "sorts all delays",
    "decision_examples": "sorts all decisions",
}
"""Statements of `riskengine chaos` and `riskengine demo` alone, on small databases of their own: not run here."""

APART = {
    "partition_create",
    "partition_list",
    "partition_unfrozen",
    "partition_states",
    "archive_put",
    "archive_list",
    "chaos_unscorable",
    "analytics_rules",
    "rollups_rebase",
    "rollups_stand",
}
"""They make or list partitions, speak of months or of decisions, store one made-up row, or change all ids at once."""

_BATCH = 100
_AHEAD = 2
_ALL = 12 + _AHEAD  # a read without an end looks into the months made ahead, too: they are empty
_NO_XID = 2**62  # no transaction of PostgreSQL has an id so high
_HORIZON = timedelta(days=180)


class Case(msgspec.Struct, frozen=True):
    """A statement with arguments: how many months it needs to read, at most, and whether all of them end to end."""

    query: str
    what: str
    arguments: tuple[object, ...]
    months: int
    scans: bool = False


class Known(msgspec.Struct, frozen=True):
    """Things in the database that arguments are made of: a decided transaction a month old, and an account's newest."""

    transaction_id: UUID
    created_at: datetime
    account_id: str
    sequence: int
    now: datetime


def unlisted(reviewed: Collection[str]) -> set[str]:
    """The statements that touch the tables and are neither reviewed nor left out for a reason given here."""
    named = set(reviewed) | set(WHOLE) | APART
    touching = re.compile(r"\b(transactions|decisions)\b")
    texts = {path.stem: re.sub(r"--.*", "", path.read_text()) for path in QUERIES.glob("*.sql")}
    return {name for name, text in texts.items() if touching.search(text)} - named


async def known(connection: asyncpg.Connection) -> Known:
    """What is taken for arguments."""
    now = clock.to_datetime(clock.now_ms())
    row = await connection.fetchrow(
        "SELECT t.transaction_id, t.created_at, t.account_id, a.history_seq FROM transactions t"
        " JOIN accounts a USING (account_id) WHERE t.created_at < $1 ORDER BY t.created_at DESC LIMIT 1",
        now - timedelta(days=30),
    )
    return Known(UUID(bytes=row["transaction_id"].bytes), row["created_at"], row["account_id"], row["history_seq"], now)


def cases(of: Known) -> list[Case]:
    """All of them."""
    return [*_reads(of), *_lists(of), *_rebuilds(of), *_replays(of), *_writes(of), *_analytics(of)]


def _reads(of: Known) -> Iterator[Case]:
    key = (of.transaction_id, of.created_at)
    yield Case("transaction_get", "one transaction by id", key, 1)
    yield Case("decision_get", "one decision by id", key, 1)


def _lists(of: Known) -> Iterator[Case]:
    all_time = (ids.first(0), ids.first(LAST_TIME), clock.to_datetime(0), clock.to_datetime(LAST_TIME), 51)
    day = of.now - timedelta(days=1)
    today = (ids.first(clock.to_ms(day)), ids.first(LAST_TIME), day, clock.to_datetime(LAST_TIME), 51)
    yield Case("records_of_account", "an account's newest page", (*all_time, of.account_id, False, None), _ALL)
    yield Case(
        "records_of_account", "an account's page of the last day", (*today, of.account_id, False, None), 2 + _AHEAD
    )
    yield Case("records_recent", "the newest page of all", (*all_time, None), _ALL)
    yield Case("records_notable", "the newest page of declined", (*all_time, "decline"), _ALL)
    yield Case("records_pending", "the newest page of pending", all_time, 1)


def _rebuilds(of: Known) -> Iterator[Case]:
    day = of.now - timedelta(days=1)
    month = (of.now - timedelta(days=30), of.now)
    first, today = ids.first(clock.to_ms(month[0])), ids.first(clock.to_ms(day))
    yield Case("history_events", "one account's history", ([of.account_id], _HORIZON, 20_000), 7 + _AHEAD)
    yield Case("recent_peers", "each account's latest, of a day", (day, today), 2 + _AHEAD)
    yield Case("recent_shared", "who used what, of a day", (day, today, ["device", "ip"]), 2 + _AHEAD)
    yield Case("backfill_page", "a page of 2,000 of a month", (*month, first, of.now, 2_000), 2)


def _replays(of: Known) -> Iterator[Case]:
    week = (of.created_at - timedelta(days=7), of.created_at)
    ends = tuple(ids.first(clock.to_ms(end)) for end in week)
    keys = ([of.transaction_id], [of.created_at])
    floor = of.created_at - _HORIZON
    yield Case("replay_keys", "what a week decided, in order", (*week, None, *ends), 2, scans=True)
    yield Case("replay_keys", "what an account was decided, in a week", (*week, of.account_id, *ends), 2)
    yield Case("replay_accounts", "the accounts of a week", (*week, None, *ends), 2, scans=True)
    yield Case("replay_decisions", "decisions by their keys", keys, 1)
    yield Case("replay_histories", "an account's past", ([of.account_id], floor, *week), 9 + _AHEAD)


def _writes(of: Known) -> Iterator[Case]:
    new = [_transaction(f"new-{place}") for place in range(_BATCH)]
    sent = [Submission(t, str(t.transaction_id), blake2b(t.account_id.encode(), digest_size=16).digest()) for t in new]
    verdicts = decisions._columns([_decision(t) for t in new])
    pending = [_transaction(of.account_id)]
    nothing = ([None], timedelta(seconds=5), _BATCH, 1, 20_000)
    yield Case("ingest", "100 new transactions stored", tuple(submissions.columns(sent)), 1)
    yield Case("decide", "100 decisions; none is pending, none stored", tuple(verdicts), 1)
    yield Case("decide_new", "100 stored and decided at once", (*submissions.columns(sent), *verdicts[3:]), 1)
    yield Case("relay_lost", "100 lost ones found", nothing, 1)
    yield Case("relay_retries", "failed ones that are due", (_BATCH, 1), 1)
    yield Case("failures_note", "one failure noted", _failure(pending[0]), 1)


def _analytics(of: Known) -> Iterator[Case]:
    first, next_month = of.created_at.date().replace(day=1), (of.created_at.date().replace(day=1) + timedelta(days=31))
    last = next_month.replace(day=1)
    yield Case("profile_of", "an account, first and last active", (of.account_id,), _ALL)
    yield Case("profile_windows", "what an account did in 30 days", (of.account_id, of.now, 10_000, 5), 3)
    yield Case("rollups_due", "what is not counted yet: nothing", (_NO_XID, _NO_XID + 1, 10_000), _ALL)
    yield Case("rollups_add", "one decision counted", ([of.transaction_id], [of.created_at], [1]), 1)
    yield Case(
        "rollups_all", "a page of 10,000 of all decisions", (ids.first(0), clock.to_datetime(0), _NO_XID, 10_000), _ALL
    )
    yield Case("rollups_scanned", "a month counted from all of its rows", (_NO_XID, first, last), 1, scans=True)
    yield Case("decisions_by_level", "all decisions by level", (), _ALL, scans=True)
    yield Case("rules_fired", "how often each rule fired, of all", (), _ALL, scans=True)


def _failure(of: Transaction) -> tuple[object, ...]:
    one = (
        [uuid4()],
        ["1-1"],
        [of.transaction_id],
        ["error"],
        ["ValueError"],
        ["f"],
        ["stack"],
        [b""],
        ["transactions"],
    )
    return (*one, "worker", "{}", [1.0, 2.0, 4.0], 0.1)


def _transaction(account_id: str) -> Transaction:
    made = ids.new()
    return Transaction(
        transaction_id=made,
        account_id=account_id,
        amount=Decimal("25.00"),
        currency="EUR",
        occurred_at=ids.created_at_ms(made),
    )


def _decision(of: Transaction) -> Decision:
    verdict = Verdict(
        transaction_id=of.transaction_id,
        account_id=of.account_id,
        score=12.5,
        level=Level.LOW,
        outcome=Outcome.APPROVE,
        parts=Parts(10.0, 16.0, None, 0.59, 0.41, 0.0),
        rules=(),
        features=(1.0,) * 60,
        versions=Versions(ruleset=1, catalogue=1, rates=1),
    )
    return Decision(verdict, 1, of.created_at + 3)
