"""Sets that accounts share."""

from random import Random

from riskengine.domain.clock import HOUR, MINUTE
from riskengine.scoring import Memory, shared
from riskengine.scoring.shared import MOST_MEMBERS, WINDOW_MS
from tests.factories import transaction
from tests.scoring.stories import ENGINE, NOON


def test_a_transaction_names_the_sets_it_belongs_to() -> None:
    assert shared.keys(transaction()) == ()
    made = transaction(device_id="d", ip="::1", beneficiary="b", merchant="m")
    assert shared.keys(made) == ("device:d", "ip:::1", "beneficiary:b", "merchant:m")


def test_accounts_are_counted_within_a_day_and_each_once() -> None:
    # Given payments of four accounts to one beneficiary, one of them twice, one of them a day ago to the millisecond
    memory = Memory()
    payers = [("old", 0), ("a", 1), ("b", HOUR), ("a", 2 * HOUR), ("c", WINDOW_MS)]
    made = [transaction(name, occurred_at=NOON + at, beneficiary="b") for name, at in payers]

    verdicts = ENGINE.score(made, memory)

    place = ENGINE.catalogue.names.index("accounts_beneficiary_24h_incl")
    assert [verdict.features[place] for verdict in verdicts] == [1.0, 2.0, 3.0, 3.0, 3.0]


def test_a_set_keeps_its_newest_members_whatever_the_order() -> None:
    uses = [(account, NOON + account * MINUTE) for account in range(200)]
    sets = []
    for seed in (1, 2):
        members: dict[int, int] = {}
        for account, time in Random(seed).sample(uses, len(uses)):
            shared.add(members, account, time)
            shared.add(members, account, time)
        sets.append(members)

    assert sets[0] == sets[1] == dict(uses[-MOST_MEMBERS:])


def test_members_of_one_time_leave_in_the_order_of_their_digits() -> None:
    """As in Valkey, where they are texts."""
    members: dict[int, int] = {}
    for account in range(-40, 40):
        shared.add(members, account, NOON)

    assert sorted(members) == sorted(sorted(range(-40, 40), key=str)[-MOST_MEMBERS:])


def test_an_earlier_use_does_not_replace_a_later_one() -> None:
    members: dict[int, int] = {}
    shared.add(members, 1, NOON)
    shared.add(members, 1, NOON - HOUR)

    assert members == {1: NOON}


def test_members_that_left_the_window_are_dropped() -> None:
    members: dict[int, int] = {}
    for account, time in ((1, NOON), (2, NOON + 1), (3, NOON + WINDOW_MS)):
        shared.add(members, account, time)

    assert members == {2: NOON + 1, 3: NOON + WINDOW_MS}
