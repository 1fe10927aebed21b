"""The audit finds nothing where all is right, and each violation where PostgreSQL or the record was tampered with."""

from collections.abc import Callable
from uuid import UUID

import msgspec
import pytest
from redis.asyncio import Redis

from riskengine.chaos.audit import bounds
from riskengine.chaos.audit.auditing import audit
from riskengine.chaos.audit.findings import Findings
from riskengine.chaos.conductor import Event
from riskengine.chaos.meter import Sample
from riskengine.chaos.poison import Poison
from riskengine.chaos.record import Record, Told
from riskengine.chaos.traffic import Traffic
from riskengine.domain import clock, ids
from riskengine.domain.dead_letter import Failure
from riskengine.pipeline import failing
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.engines import Fixed
from riskengine.pipeline.recall import Recall
from riskengine.scoring import shared
from riskengine.scoring.engine import Engine
from riskengine.state.histories import Histories
from riskengine.storage import dead_letters, submissions
from riskengine.storage.database import Database
from riskengine.storage.dead_letters import Origin
from riskengine.streaming.queue import Message
from tests import factories
from tests.docs.pages import ROOT, Page

ENGINE = Engine.starter()
ORIGIN = Origin("tests", {})
GARBAGE = b"\x09garbage"
ANY = "(SELECT transaction_id FROM decisions WHERE account_sequence = 2 ORDER BY transaction_id LIMIT 1)"
SAMPLE = Sample(1.0, 10, 0, 10, 0, 0, 3, {"api-1": 80 << 20, "worker-1": 70 << 20, "valkey": 3 << 20})
EVENT = Event("kill-api", "api-1 SIGKILL", 5.0, 6.0, "", healed=True)


class Run(msgspec.Struct):
    """A run that went well: what the client recorded, what was poisoned, measured and done."""

    database: Database
    record: Record
    poison: Poison
    samples: list[Sample]
    events: list[Event]

    async def audit(self) -> Findings:
        return await audit(self.database, self.record, self.poison, self.samples, self.events)

    async def execute(self, statement: str, *arguments: object) -> None:
        async with self.database.connection() as connection:
            changed = await connection.execute(statement, *arguments)
            assert changed.split()[-1] != "0", "nothing was tampered with"

    @property
    def key(self) -> str:
        """One of the keys."""
        return next(iter(self.record.sent))


@pytest.fixture
async def run(database: Database, redis: Redis) -> Run:
    """Some hundred payments sent, answered and decided, one that scoring cannot take, and a message that is garbage."""
    engines = Fixed(ENGINE)
    histories = Histories(redis, shared.MOST_MEMBERS, shared.WINDOW_MS)
    decider = Decider(database, Recall(database, histories, engines), engines)
    run = Run(database, Record(1), Poison(database), [SAMPLE], [EVENT])
    traffic = Traffic(1)
    payments = [payment for _ in range(90) for payment in traffic.next(clock.now_ms()).payments]
    run.record.send(tuple(payments))
    run.record.answers[201] = 90
    stored = [
        factories.submission(one.idempotency_key, of=msgspec.structs.replace(one.transaction, transaction_id=ids.new()))
        for one in payments
    ]
    async with database.connection() as connection:
        await submissions.store(connection, stored)
    done = await decider.decide([one.transaction for one in stored])
    for one in stored:
        transaction_id = one.transaction.transaction_id
        verdict = done.decisions[transaction_id].verdict
        run.record.acknowledge(one.idempotency_key, transaction_id)
        run.record.tell(transaction_id, Told(verdict.score, verdict.outcome))
    await run.poison.store("chaos-1")
    (poisoned,) = run.poison.unscorable
    for number in range(4):
        failure = failing.undecidable(_message(f"{number}-0"), poisoned, ValueError("no number"))
        await dead_letters.note(database, [failure], ORIGIN, [0.0] * 3, 0.0)
        if number < 3:
            await run.execute("UPDATE pending SET retry_at = NULL")
    run.poison.garbage[GARBAGE] = True
    await _note_garbage(run, "9-0", GARBAGE)
    return run


async def _note_garbage(run: Run, message_id: str, body: bytes) -> None:
    failure: Failure = failing.unreadable(_message(message_id, body), ValueError("no transaction"))
    await dead_letters.note(run.database, [failure], ORIGIN, [], 0.0)


def _message(message_id: str, body: bytes = b"") -> Message:
    return Message("transactions", message_id.encode(), body)


def _place(feature: str) -> int:
    return ENGINE.catalogue.names.index(feature) + 1


async def test_a_run_that_went_well_violates_nothing(run: Run) -> None:
    findings = await run.audit()
    assert findings.violated() == []
    assert findings.sound
    assert all(check.checked for check in findings.checks)
    # And the page on chaos has just these checks
    page = Page.read(ROOT / "docs" / "chaos.md")
    assert [row[0] for row in page.table("checked")] == [check.name for check in findings.checks]


@pytest.mark.parametrize(
    ("statement", "violated"),
    [
        (f"DELETE FROM transactions WHERE transaction_id = {ANY}", "acknowledged is stored, once"),
        (f"DELETE FROM decisions WHERE transaction_id = {ANY}", "acknowledged is decided, once"),
        (
            "INSERT INTO decisions SELECT (jsonb_populate_record(d, jsonb_build_object('created_at', "
            f"d.created_at + interval '1 ms'))).* FROM decisions d WHERE transaction_id = {ANY}",
            "acknowledged is decided, once",
        ),
        (
            "INSERT INTO transactions SELECT (jsonb_populate_record(t, jsonb_build_object('created_at', "
            f"t.created_at + interval '1 ms'))).* FROM transactions t WHERE transaction_id = {ANY}",
            "acknowledged is stored, once",
        ),
        (
            "INSERT INTO transactions SELECT (jsonb_populate_record(t, jsonb_build_object('transaction_id', "
            f"gen_random_uuid()))).* FROM transactions t WHERE transaction_id = {ANY}",
            "nothing is stored or decided that was not acknowledged",
        ),
        (
            f"UPDATE transactions SET idempotency_key = 'other' WHERE transaction_id = {ANY}",
            "each key stands for the transaction it was answered with",
        ),
        (
            f"DELETE FROM idempotency_keys WHERE transaction_id = {ANY}",
            "each key stands for the transaction it was answered with",
        ),
        (
            f"UPDATE transactions SET amount = amount + 1 WHERE transaction_id = {ANY}",
            "what is stored is what was sent",
        ),
        (f"UPDATE decisions SET score = score + 1 WHERE transaction_id = {ANY}", "decisions told are those stored"),
        (
            f"UPDATE decisions SET account_sequence = 5000 WHERE transaction_id = {ANY}",
            "accounts' decisions are numbered without a gap",
        ),
        ("UPDATE accounts SET history_seq = history_seq + 1", "accounts' decisions are numbered without a gap"),
        (
            f"UPDATE decisions SET features[{_place('hour')}] = 77 WHERE transaction_id = {ANY}",
            "decisions executed again are bit-identical",
        ),
        (
            f"UPDATE decisions SET features[{_place('count_1h')}] = 77 WHERE transaction_id = {ANY}",
            "windows are what brute force counts",
        ),
        (
            f"UPDATE decisions SET features[{_place('sum_24h')}] = 0.01 WHERE transaction_id = {ANY}",
            "windows are what brute force counts",
        ),
        (
            "DELETE FROM dead_letters WHERE transaction_id IS NOT NULL",
            "what cannot be scored is a dead letter after its tries",
        ),
        (
            "UPDATE dead_letters SET retry_count = 2 WHERE transaction_id IS NOT NULL",
            "what cannot be scored is a dead letter after its tries",
        ),
        ("DELETE FROM dead_letters WHERE transaction_id IS NULL", "messages that are garbage are dead letters"),
        (
            f"UPDATE dead_letters SET transaction_id = {ANY} WHERE transaction_id IS NOT NULL",
            "no dead letter is unexplained",
        ),
        ("UPDATE pending SET retry_at = NULL", "nothing waits but what dead letters hold"),
        (
            f"INSERT INTO pending VALUES ({ANY}, now(), now())",
            "nothing waits but what dead letters hold",
        ),
    ],
)
async def test_what_was_tampered_with_is_found(run: Run, statement: str, violated: str) -> None:
    await run.execute(statement)
    findings = await run.audit()
    assert violated in findings.violated()
    assert not findings.sound


def _forget(run: Run) -> None:
    del run.record.acknowledged[run.key]


def _contradict(run: Run) -> None:
    run.record.acknowledge(run.key, UUID(int=1))


def _lose(run: Run) -> None:
    run.record.acknowledge("never stored", UUID(int=1))
    run.record.sent["never stored"] = run.record.sent[run.key]


def _retell(run: Run) -> None:
    transaction_id = run.record.acknowledged[run.key]
    run.record.told[transaction_id] = Told(99.0, "decline")


def _grow(run: Run) -> None:
    run.samples.append(msgspec.structs.replace(SAMPLE, memory={"worker-2": bounds.MOST_WORKER + 1}))


def _pile_up(run: Run) -> None:
    most = bounds.MOST_COPIES * 50 + bounds.IN_HAND
    long_ago = [msgspec.structs.replace(SAMPLE, pending=5000), msgspec.structs.replace(SAMPLE, at_s=90.0, pending=50)]
    run.samples += [*long_ago, msgspec.structs.replace(SAMPLE, at_s=91.0, pending=None, depth=most + 1)]


def _stay_broken(run: Run) -> None:
    run.events.append(msgspec.structs.replace(EVENT, healed=False, remark="not back"))


@pytest.mark.parametrize(
    ("tamper", "violated"),
    [
        (_forget, "every payment sent is acknowledged in the end"),
        (_forget, "nothing is stored or decided that was not acknowledged"),
        (_contradict, "answers agree with each other"),
        (lambda run: run.record.refuse("500 to somewhere"), "no answer is one that should not be"),
        (_lose, "acknowledged is stored, once"),
        (_lose, "acknowledged is decided, once"),
        (_retell, "decisions told are those stored"),
        (lambda run: run.poison.garbage.update({b"unseen": True}), "messages that are garbage are dead letters"),
        (lambda run: run.poison.garbage.clear(), "no dead letter is unexplained"),
        (_grow, "processes stay within their memory"),
        (_pile_up, "the stream holds no more than what waits"),
        (_stay_broken, "every fault could be done, and healed"),
    ],
)
async def test_what_does_not_fit_the_record_is_found(run: Run, tamper: Callable[[Run], None], violated: str) -> None:
    tamper(run)
    assert violated in (await run.audit()).violated()


async def test_garbage_may_be_missing_only_where_valkey_lost_it(run: Run) -> None:
    # Given garbage that Valkey took, and lost with its memory, and some that it perhaps never had
    run.poison.garbage |= {b"lost": True, b"refused": False}
    run.poison.lost.add(b"lost")
    assert (await run.audit()).sound
    # When it has two letters, then that is one too many
    for message_id in ("10-0", "11-0"):
        await _note_garbage(run, message_id, b"lost")
    assert (await run.audit()).violated() == ["messages that are garbage are dead letters"]
