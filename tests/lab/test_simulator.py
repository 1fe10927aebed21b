"""Simulated traffic: repeatable, in order, and with every attack in it as it is meant."""

from collections import defaultdict
from datetime import date
from typing import Any

import pytest

from riskengine.domain import clock
from riskengine.domain.errors import ConfigurationError
from riskengine.domain.transaction import Transaction
from riskengine.lab.attacks import ATTACKS
from riskengine.lab.labelled import Labelled
from riskengine.lab.simulator import Plan, Simulator
from riskengine.lab.world import CITIES, City, distance_km

PLAN = Plan(customers=80, days=20, seed=11, fraud_rate=0.05)


@pytest.fixture(scope="module")
def traffic() -> list[Labelled]:
    return list(Simulator(PLAN).stream())


def frauds(traffic: list[Labelled], attack: str) -> list[Transaction]:
    return [one.transaction for one in traffic if one.attack == attack and one.label == "fraud"]


def by_beneficiary(transactions: list[Transaction]) -> dict[str, list[Transaction]]:
    groups = defaultdict(list)
    for transaction in transactions:
        if transaction.beneficiary is not None:
            groups[transaction.beneficiary].append(transaction)
    return groups


def test_one_seed_gives_the_same_traffic_each_time(traffic: list[Labelled]) -> None:
    assert list(Simulator(PLAN).stream()) == traffic


def test_another_seed_gives_other_traffic(traffic: list[Labelled]) -> None:
    other = list(Simulator(Plan(customers=80, days=20, seed=12, fraud_rate=0.05)).stream())

    assert {one.transaction.transaction_id for one in other}.isdisjoint(
        one.transaction.transaction_id for one in traffic
    )


def test_transactions_come_in_order_of_time_within_the_days_asked_for(traffic: list[Labelled]) -> None:
    moments = [one.transaction.occurred_at for one in traffic]
    first, last = clock.to_datetime(moments[0]).date(), clock.to_datetime(moments[-1]).date()

    assert moments == sorted(moments)
    assert first == PLAN.start
    assert last == date(2026, 1, 20)


def test_ids_are_unique_and_carry_the_time_of_the_transaction(traffic: list[Labelled]) -> None:
    assert len({one.transaction.transaction_id for one in traffic}) == len(traffic)
    assert all(one.transaction.created_at == one.transaction.occurred_at for one in traffic)


def test_every_attack_strikes_and_is_labelled(traffic: list[Labelled]) -> None:
    assert {one.attack for one in traffic if one.label == "fraud"} == set(ATTACKS)
    assert all(one.label == "legitimate" for one in traffic if one.attack is None)


def test_the_share_of_fraud_is_about_what_was_asked_for(traffic: list[Labelled]) -> None:
    share = sum(one.label == "fraud" for one in traffic) / len(traffic)

    assert 0.025 < share < 0.1


def test_attacks_change_nothing_in_normal_life(traffic: list[Labelled]) -> None:
    # Given the same seed without any attack
    peaceful = list(Simulator(Plan(customers=80, days=20, seed=11, fraud_rate=0.0)).stream())

    # Then the customers live just the same
    assert peaceful == [one for one in traffic if one.attack is None]


def test_only_the_attacks_asked_for_strike() -> None:
    traffic = Simulator(Plan(customers=20, days=3, attacks=("slow_drip",))).stream()

    assert {one.attack for one in traffic} == {None, "slow_drip"}


def test_accounts_describe_every_customer(traffic: list[Labelled]) -> None:
    accounts = {account.account_id: account for account in Simulator(PLAN).accounts()}

    assert len(accounts) == 80
    assert accounts.keys() >= {one.transaction.account_id for one in traffic}
    assert {account.type for account in accounts.values()} == {"personal", "business"}
    assert all(account.home_country and account.time_zone for account in accounts.values())


def test_card_testing_is_many_tiny_payments_on_a_device_of_its_own(traffic: list[Labelled]) -> None:
    probes = [t for t in frauds(traffic, "card_testing") if t.merchant_category == "charity"]
    known = {one.transaction.device_id for one in traffic if one.label == "legitimate"}

    assert len(probes) >= 7
    assert all(t.device_id not in known for t in probes)


def test_account_takeover_empties_one_account_into_one_beneficiary(traffic: list[Labelled]) -> None:
    for payments in by_beneficiary(frauds(traffic, "account_takeover")).values():
        assert len({t.account_id for t in payments}) == 1
        assert len({t.device_id for t in payments}) == 1
        assert len(payments) >= 2


def test_mule_ring_pays_one_beneficiary_from_many_accounts_and_takes_cash(traffic: list[Labelled]) -> None:
    payments = frauds(traffic, "mule_ring")
    rings = by_beneficiary(payments)

    assert max(len({t.account_id for t in ring}) for ring in rings.values()) >= 7
    assert any(t.channel == "atm" for t in payments)


def test_impossible_travel_is_faster_than_any_aeroplane(traffic: list[Labelled]) -> None:
    # Given the payments of such an attack by account, with the owner's own one
    cities: dict[str, City] = {city.name: city for city in CITIES}
    own = [one.transaction for one in traffic if one.attack == "impossible_travel" and one.label == "legitimate"]
    assert own

    # Then the first one far away follows too soon
    for genuine in own:
        later = [t for t in frauds(traffic, "impossible_travel") if t.account_id == genuine.account_id]
        next_one = next((t for t in later if t.occurred_at > genuine.occurred_at), None)
        if next_one is not None and genuine.location and next_one.location:
            hours = (next_one.occurred_at - genuine.occurred_at) / clock.HOUR
            assert distance_km(cities[genuine.location], cities[next_one.location]) / hours > 900


def test_slow_drip_takes_days_and_little_from_each_account(traffic: list[Labelled]) -> None:
    for payments in by_beneficiary(frauds(traffic, "slow_drip")).values():
        moments = [t.occurred_at for t in payments]
        assert max(moments) - min(moments) > 2 * clock.DAY
        assert len({t.account_id for t in payments}) >= 4


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({"customers": 0}, "at least one customer"),
        ({"fraud_rate": 1.0}, "choose a number from 0"),
        ({"attacks": ("phishing",)}, "choose from card_testing"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, Any], hint: str) -> None:
    with pytest.raises(ConfigurationError, match=hint):
        Plan(**wrong)
