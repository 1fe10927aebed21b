"""The sample of peers."""

import math
from random import Random
from statistics import fmean, stdev

import msgspec
import pytest

from riskengine.scoring import Memory, Moments, Peer, Peers, peers
from tests.scoring.stories import ALICE, ENGINE, Story


def test_moments_are_those_of_the_slots_whatever_happened_before() -> None:
    # Given slots that were set again and again, with other types
    random = Random(3)
    sample = Peers()
    for _ in range(2000):
        sample.put(random.randrange(50), Peer(random.randrange(1_000_000), random.choice(["personal", "business"])))

    # Then each type's moments are those of its slots
    for type_ in ("personal", "business"):
        logs = [peer.log for peer in sample.slots.values() if peer.type == type_]
        assert sample.moments[type_] == Moments(len(logs), sum(logs), sum(log * log for log in logs))


def test_setting_a_slot_again_changes_nothing() -> None:
    sample = Peers()
    for _ in range(3):
        sample.put(5, Peer(70_000, "personal"))

    assert sample.moments == {"personal": Moments(1, 70_000, 4_900_000_000)}


def test_an_account_is_compared_with_others_only() -> None:
    # Given an account and forty others of its type, and one of another
    memory = Memory()
    amounts = [20 + number for number in range(40)]
    for number, amount in enumerate(amounts):
        Story(msgspec.structs.replace(ALICE, account_id=f"peer{number}"), memory=memory).pays(f"{amount}.00")
    Story(msgspec.structs.replace(ALICE, account_id="shop", type="business"), memory=memory).pays("90000.00")
    alice = Story(memory=memory)
    alice.pays("70000.00")

    features = dict(zip(ENGINE.catalogue.names, alice.pays("50.00").features, strict=True))

    # Then mean and deviation are the others'
    assert peers.slot_of("alice") not in {peers.slot_of(f"peer{number}") for number in range(40)}
    logs = [math.log(amount * 100) for amount in amounts]
    assert features["peer_mean_log"] == pytest.approx(fmean(logs), abs=1e-4)
    assert features["peer_std_log"] == pytest.approx(stdev(logs), abs=1e-4)
    assert features["peer_zscore"] == pytest.approx((math.log(5000) - fmean(logs)) / stdev(logs), abs=1e-3)


def test_a_group_of_less_than_thirty_is_none() -> None:
    memory = Memory()
    values = []
    for number in range(31):
        verdict = Story(msgspec.structs.replace(ALICE, account_id=f"p{number}"), memory=memory).pays(f"{number + 1}.00")
        values.append(verdict.features[ENGINE.catalogue.names.index("peer_mean_log")])

    assert [math.isnan(value) for value in values] == [True] * 30 + [False]


def test_a_slot_of_another_type_is_not_taken_out_of_this_ones_moments() -> None:
    sample = Peers()
    sample.put(1, Peer(10, "personal"))
    sample.put(2, Peer(20, "business"))

    assert sample.without(1, "personal") == Moments(0, 0, 0)
    assert sample.without(1, "business") == Moments(1, 20, 400)
    assert sample.without(3, "personal") == Moments(1, 10, 100)
