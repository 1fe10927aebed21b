"""What a run is made of comes from its seed: the schedule, and the traffic."""

from collections import Counter

import pytest

from riskengine.chaos import kinds, schedule
from riskengine.chaos.traffic import LIVE_ACCOUNTS, MOST_OF_ACCOUNT, Parcel, Traffic, Way
from riskengine.domain.errors import ConfigurationError
from riskengine.resilience.failpoints import POINTS

TEN_MINUTES = 600.0
NOW = 1_800_000_000_000


def test_the_same_seed_gives_the_same_schedule() -> None:
    first, second, other = (schedule.draw(kinds.KINDS, TEN_MINUTES, seed) for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_ten_minutes_have_every_kind_of_fault() -> None:
    # When ten minutes of all kinds are drawn
    planned = schedule.draw(kinds.KINDS, TEN_MINUTES, 7)
    # Then there are enough, in order, within the time, and every kind is among them
    assert len(planned) >= 30
    moments = [one.at_s for one in planned]
    assert moments == sorted(moments)
    assert 0 < moments[0] < moments[-1] < TEN_MINUTES
    assert {one.fault.name for one in planned} == {kind.name for kind in kinds.KINDS}


def test_every_fail_point_has_its_crash() -> None:
    crashes = {kind.name for kind in kinds.chosen(["crash"])}
    assert crashes == {f"crash-{point}" for point in POINTS}


def test_names_choose_kinds_and_families_of_kinds() -> None:
    assert [kind.name for kind in kinds.chosen(["garbage"])] == ["garbage"]
    assert {kind.name for kind in kinds.chosen(["crash-fail", "rolling"])} == {
        "crash-fail.begun",
        "crash-fail.noted",
        "rolling",
    }
    assert kinds.chosen([]) == list(kinds.KINDS)


def test_a_name_of_no_kind_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no fault is called kil;"):
        kinds.chosen(["kil"])


def test_a_short_run_has_a_fault() -> None:
    assert len(schedule.draw(kinds.KINDS, 12.0, 1)) == 1


def _parcels(seed: int, count: int) -> list[Parcel]:
    traffic = Traffic(seed)
    return [traffic.next(NOW + number) for number in range(count)]


def test_the_same_seed_gives_the_same_traffic() -> None:
    assert _parcels(1, 200) == _parcels(1, 200)
    assert _parcels(1, 200) != _parcels(2, 200)


def test_traffic_has_all_that_is_hard() -> None:
    # When much is drawn
    parcels = _parcels(3, 5000)
    payments = [payment for parcel in parcels for payment in parcel.payments]
    # Then there is every way of sending, and some are sent several times at once
    assert {parcel.way for parcel in parcels} == set(Way)
    assert any(parcel.copies > 1 for parcel in parcels)
    # And keys differ, some accounts are hot, and none is so busy that its windows were not exact
    assert len({payment.idempotency_key for payment in payments}) == len(payments)
    of_account = Counter(payment.transaction.account_id for payment in payments)
    assert max(of_account.values()) == MOST_OF_ACCOUNT
    assert len(of_account) > LIVE_ACCOUNTS
    # And there are late payments, payments of one moment, and things that accounts share
    times = Counter((payment.transaction.account_id, payment.transaction.occurred_at) for payment in payments)
    assert max(times.values()) > 1
    assert sum(payment.transaction.occurred_at < NOW - 60_000 for payment in payments) > 100
    assert len({payment.transaction.device_id for payment in payments}) < 100
