"""Dead letters as they are kept: found by what is known of them, paged, counted by cause, replayed and discarded."""

from uuid import UUID

import pytest

from riskengine.domain import clock, ids
from riskengine.domain.dead_letter import Status
from riskengine.storage import dead_letters
from riskengine.storage.database import Database
from riskengine.storage.dead_letters import FIRST, LAST, By, Selection
from tests import lettered
from tests.lettered import dead, every, failure, pending, status, unreadable, waits

ANN = By("ann", "corrected")


async def decide(database: Database, letter_id: UUID) -> None:
    """What remains of a letter's transaction once it is decided: nothing waits any more."""
    async with database.connection() as connection:
        await connection.execute(
            "DELETE FROM pending p USING dead_letters l WHERE l.letter_id = $1 AND p.transaction_id = l.transaction_id",
            letter_id,
        )


async def test_a_letter_is_kept_with_all_that_is_known(database: Database) -> None:
    # Given a transaction whose scoring raised
    (transaction,) = await pending(database, 1, "carol")
    await lettered.bury(database, [failure(transaction.transaction_id, ZeroDivisionError("by [nothing]\0"), "5-1")])
    # When its letter is read
    (letter_id,) = await every(database)
    letter = await dead_letters.get(database, letter_id)
    # Then all of it is there
    assert letter is not None
    assert (letter.transaction_id, letter.account_id) == (transaction.transaction_id, "carol")
    assert (letter.error_class, letter.error) == ("ZeroDivisionError", "by [nothing]\N{REPLACEMENT CHARACTER}")
    assert (letter.stream, letter.message_id, letter.worker) == ("transactions", "5-1", "worker-1")
    assert letter.versions == {"riskengine": "0.1.0", "ruleset": 1, "model": None}
    assert (letter.status, letter.retry_count, letter.body) == ("open", 0, None)
    assert (letter.changed_at, letter.changed_by, letter.note) == (None, None, "")
    assert abs(letter.failed_at - ids.created_at_ms(letter_id)) < clock.MINUTE
    # And there is no other
    assert await dead_letters.get(database, ids.new()) is None


async def test_pages_go_on_without_gaps_or_repetitions(database: Database) -> None:
    # Given 25 letters of one moment
    made = await dead(database, 25)
    # When they are read page by page
    pages, before = [], LAST
    for _ in range(3):
        page = await dead_letters.page(database, Selection(), 10, before)
        pages.append([letter.letter_id for letter in page])
        before = page[-1].letter_id
    # Then each is there once, newest first
    assert [len(page) for page in pages] == [10, 10, 5]
    assert await dead_letters.page(database, Selection(), 10, before) == []
    assert [letter_id for page in pages for letter_id in page] == made[::-1]


async def test_letters_are_found_by_what_is_known_of_them(database: Database) -> None:
    # Given letters of two accounts and causes, and one that could not be read
    alice = await dead(database, 2, "alice", ValueError("a"))
    bob = await dead(database, 1, "bob", KeyError("b"))
    (rubbish,) = await unreadable(database, [lettered.RUBBISH])
    everything = sorted([*alice, *bob, rubbish], reverse=True)
    letter = await dead_letters.get(database, bob[0])
    assert letter is not None
    at = ids.created_at_ms(bob[0])
    # When they are looked for, Then all conditions hold for those that are found
    for wanted, expected in (
        (Selection(), everything),
        (Selection(letter_ids=(alice[0], rubbish, ids.new())), [rubbish, alice[0]]),
        (Selection(fingerprint=letter.fingerprint), bob),
        (Selection(error_class="KeyError"), bob),
        (Selection(account_id="alice"), alice[::-1]),
        (Selection(account_id="alice", error_class="KeyError"), []),
        (Selection(since=at), [one for one in everything if ids.created_at_ms(one) >= at]),
        (Selection(until=at), [one for one in everything if ids.created_at_ms(one) < at]),
        (Selection(since=at + clock.HOUR), []),
        (Selection(since=at, until=at + 1, account_id="bob"), bob),
    ):
        assert await every(database, wanted) == expected, wanted


async def test_a_letter_stands_where_its_state_or_its_transaction_does(database: Database) -> None:
    # Given letters that were replayed, discarded, decided in spite of that, and left open
    replayed, discarded, decided, opened = await dead(database, 4)
    (rubbish,) = await unreadable(database, [lettered.RUBBISH])
    await dead_letters.replay(database, Selection(letter_ids=(replayed,)), ANN, most=9, rate=1)
    await dead_letters.discard(database, Selection(letter_ids=(discarded, decided)), ANN, most=9)
    await decide(database, decided)
    # When they are looked for by status, Then each is found where it stands
    expected: dict[Status, list[UUID]] = {
        "open": sorted([opened, rubbish], reverse=True),
        "replayed": [replayed],
        "discarded": [discarded],
        "decided": [decided],
    }
    for known, letters in expected.items():
        assert await every(database, Selection(status=known)) == letters
        assert {await status(database, letter) for letter in letters} == {known}


async def test_causes_are_counted_with_their_newest_letter(database: Database) -> None:
    # Given three letters of one cause, one of them discarded and one decided, and then one of another
    first, second, third = await dead(database, 3, error=ValueError("one"))
    await dead_letters.discard(database, Selection(letter_ids=(first,)), ANN, most=1)
    await decide(database, second)
    (other,) = await dead(database, 1, "bob", KeyError("two"))
    # When causes are asked for
    newest, oldest = await dead_letters.causes(database, Selection())
    # Then each has its numbers and its newest letter, the cause seen last first
    assert (newest.letters, newest.open, newest.error_class, newest.sample) == (1, 1, "KeyError", other)
    assert (oldest.letters, oldest.open, oldest.error_class, oldest.error) == (3, 1, "ValueError", "one")
    assert oldest.sample == third
    assert oldest.first_seen <= oldest.last_seen <= newest.first_seen
    # And they can be narrowed down like letters
    assert await dead_letters.causes(database, Selection(error_class="ValueError")) == [oldest]
    assert await dead_letters.causes(database, Selection(account_id="nobody")) == []


async def test_replayed_transactions_are_due_one_after_the_other(database: Database) -> None:
    # Given ten letters
    made = await dead(database, 10)
    # When eight are replayed, two a second
    done = await dead_letters.replay(database, Selection(), ANN, most=8, rate=2)
    # Then the oldest eight are due half a second apart, with all their tries before them, and two are not
    assert sorted(done) == made[:8]
    due = sorted(seconds for seconds in (await waits(database)).values() if seconds is not None)
    assert [round(later - due[0], 2) for later in due[:8]] == [n / 2 for n in range(8)]
    assert due[8:] == [float("inf")] * 2
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT sum(failures) FROM pending WHERE retry_at < 'infinity'") == 0
    # And the letters say who did it
    letter = await dead_letters.get(database, made[0])
    assert letter is not None
    assert (letter.status, letter.changed_by, letter.note) == ("replayed", "ann", "corrected")
    assert letter.changed_at is not None


async def test_what_is_replayed_twice_or_at_once_is_replayed_once(database: Database) -> None:
    # Given forty letters
    made = await dead(database, 40)
    wanted = Selection()
    # When several replay all of them at once, and one more after that
    steps = [dead_letters.replay(database, wanted, By(str(n)), most=100, rate=1000) for n in range(4)]
    done = await lettered.at_once(database, made[-1], steps)
    after = await dead_letters.replay(database, wanted, ANN, most=100, rate=1000)
    # Then each is replayed once, and nothing is due in infinity
    assert sorted(letter for each in done for letter in each) == made
    assert after == []
    assert max(seconds or 0 for seconds in (await waits(database)).values()) < 60


async def test_replays_and_discards_at_once_divide_the_letters(database: Database) -> None:
    # Given sixty letters
    made = await dead(database, 60)
    # When some replay and others discard all of them at once
    replays = [dead_letters.replay(database, Selection(status="open"), ANN, most=100, rate=1000) for _ in range(3)]
    discards = [dead_letters.discard(database, Selection(), ANN, most=100) for _ in range(3)]
    steps = [each for pair in zip(replays, discards, strict=True) for each in pair]
    done = await lettered.at_once(database, made[-1], steps)
    # Then each letter went one way
    assert sorted(letter for each in done for letter in each) == made


async def test_a_replay_leaves_alone_what_waits_is_decided_or_unreadable(database: Database) -> None:
    # Given a letter whose transaction is decided, one that was discarded, and one that could not be read
    decided, discarded = await dead(database, 2)
    await decide(database, decided)
    await dead_letters.discard(database, Selection(letter_ids=(discarded,)), ANN, most=1)
    await unreadable(database, [lettered.RUBBISH])
    # When all that are open are replayed, Then there is nothing to do
    assert await dead_letters.replay(database, Selection(status="open"), ANN, most=9, rate=1) == []
    # But whatever its state, what was discarded can be
    assert await dead_letters.replay(database, Selection(), ANN, most=9, rate=1) == [discarded]


async def test_a_transaction_that_fails_again_has_another_letter(database: Database) -> None:
    # Given a letter that was replayed, and its transaction queued again
    (first,) = await dead(database, 1)
    await dead_letters.replay(database, Selection(), ANN, most=1, rate=1)
    async with database.connection() as connection:
        transaction_id = await connection.fetchval("UPDATE pending SET retry_at = NULL RETURNING transaction_id")
    # When it fails for good again, even in the delivery that made the first letter
    await lettered.bury(database, [failure(transaction_id)])
    # Then that is another letter, which can be replayed
    second, again = await every(database)
    assert again == first
    assert (await status(database, first), await status(database, second)) == ("replayed", "open")
    assert await dead_letters.replay(database, Selection(), ANN, most=9, rate=1) == [second]


async def test_unreadable_messages_are_read_by_one_at_a_time(database: Database) -> None:
    # Given messages that could not be read
    made = await unreadable(database, [b"one", b"two", b"three"])
    async with database.connection() as connection, connection.transaction():
        # When one has two of them in hand
        mine = await dead_letters.unreadable(connection, Selection(), FIRST, 2)
        assert [each.letter_id for each in mine] == made[:2]
        assert {each.body for each in mine} < {b"one", b"two", b"three"}
        # Then another finds the rest
        async with database.connection() as other, other.transaction():
            assert [one.letter_id for one in await dead_letters.unreadable(other, Selection(), FIRST, 9)] == made[2:]
        await dead_letters.replayed(connection, made[:2], ANN)
    # And what is noted as replayed is not found again
    async with database.connection() as connection, connection.transaction():
        assert [one.letter_id for one in await dead_letters.unreadable(connection, Selection(), FIRST, 9)] == made[2:]
        assert await dead_letters.unreadable(connection, Selection(), made[2], 9) == []
    assert await status(database, made[0]) == "replayed"


async def test_what_is_discarded_is_closed_and_stays_pending(database: Database) -> None:
    # Given three letters, one of them on a transaction that is decided by now
    first, second, decided = await dead(database, 3)
    await decide(database, decided)
    # When all are discarded, Then those are that were open, once
    assert sorted(await dead_letters.discard(database, Selection(), ANN, most=9)) == [first, second]
    assert await dead_letters.discard(database, Selection(), ANN, most=9) == []
    # And their transactions wait, and are not tried again
    assert set((await waits(database)).values()) == {float("inf")}


@pytest.mark.parametrize("name", ["fingerprint", "error_class", "account_id", "letter_ids", "until"])
def test_a_selection_that_narrows_is_not_everything(name: str) -> None:
    value = {"letter_ids": (FIRST,), "until": 0}.get(name, "x")
    assert Selection().everything
    assert not Selection(**{name: value}).everything
