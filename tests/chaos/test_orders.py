"""Orders to fail reach the process they are for, once, and can be taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from riskengine.chaos.orders import Orders
from riskengine.domain import clock
from riskengine.resilience import failpoints

STEP_MS = 3_600_000
POINT = "consume.read"


@pytest.fixture
def orders(tmp_path: Path) -> Orders:
    """Orders for processes of which this one is `worker-1`."""
    return Orders(tmp_path)


@pytest.fixture(autouse=True)
def armed(orders: Orders) -> Iterator[None]:
    """This process looks where `worker-1` does."""
    failpoints.arm(orders.of("worker-1"))
    before = clock.now_ms()
    yield
    failpoints.disarm()
    clock.step(-round((clock.now_ms() - before) / STEP_MS) * STEP_MS)


def test_an_order_is_obeyed_once(orders: Orders) -> None:
    # Given an order to two processes
    orders.place(["worker-1", "worker-2"], POINT, f"clock {STEP_MS}")
    assert orders.waiting(["worker-1", "worker-2"], POINT) == ["worker-1", "worker-2"]
    before = clock.now_ms()
    # When one of them comes to the point, twice
    for _ in range(2):
        failpoints.reach(POINT)
    # Then it has done so once, and the other still has to
    assert STEP_MS <= clock.now_ms() - before < 2 * STEP_MS
    assert orders.waiting(["worker-1", "worker-2"], POINT) == ["worker-2"]
    assert orders.withdraw(["worker-1", "worker-2"], POINT) == ["worker-1"]
    assert orders.waiting(["worker-1", "worker-2"], POINT) == []


def test_what_is_withdrawn_is_not_obeyed(orders: Orders) -> None:
    orders.place(["worker-1"], POINT, "crash")
    assert orders.withdraw(["worker-1"], POINT) == []
    failpoints.reach(POINT)


def test_other_points_do_not_matter(orders: Orders) -> None:
    orders.place(["worker-1"], POINT, "crash")
    failpoints.reach("decide.stored")
    assert orders.waiting(["worker-1"], POINT) == ["worker-1"]
