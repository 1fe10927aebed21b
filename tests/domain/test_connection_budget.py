"""The sum of connections: what fits, and how it is told."""

import pytest

from riskengine.domain.connection_budget import RESERVE, ConnectionBudget, Share


@pytest.mark.parametrize(("capacity", "fits"), [(22, True), (21, False)])
def test_all_shares_and_the_reserve_must_fit(capacity: int, fits: bool) -> None:
    budget = ConnectionBudget((Share("api", 1, 10, 1), Share("worker", 1, 5, 1)), capacity)
    assert budget.needed == 11 + 6 + RESERVE == 22
    assert budget.fits is fits
    assert str(budget) == f"1 api × (10 + 1) + 1 worker × (5 + 1) + 5 in reserve = 22 of {capacity}"


def test_behind_a_pooler_nobody_listens_and_who_is_not_there_is_not_told() -> None:
    budget = ConnectionBudget((Share("api", 2, 10, 0), Share("worker", 0, 5, 0)), 97)
    assert str(budget) == "2 api × 10 + 5 in reserve = 25 of 97"


def test_the_embedded_server_has_room_for_all_that_up_starts() -> None:
    # 32 of a kind is the most that `riskengine up` takes; 600 connections, 3 of them for superusers
    assert ConnectionBudget((Share("api", 32, 10, 1), Share("worker", 32, 5, 1)), 597).fits
