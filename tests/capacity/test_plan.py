"""What a plan says, and how that changes with what is asked for."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskengine.capacity.demand import Demand
from riskengine.capacity.figure import Figure
from riskengine.capacity.mix import Mix
from riskengine.capacity.plan import PARTITIONS_A_MASTER, POOLER_ABOVE, Plan, plan
from riskengine.capacity.values import Values
from riskengine.domain.connection_budget import RESERVE
from riskengine.domain.errors import ConfigurationError
from tests.capacity.calibrations import TYPICAL, costing

SHARES = st.tuples(*[st.integers(0, 10)] * 3).filter(any)
MIXES = SHARES.map(lambda shares: Mix(*(share / sum(shares) for share in shares)))
DEMANDS = st.builds(
    Demand,
    tps=st.floats(0.01, 100_000),
    retention_months=st.integers(1, 1200),
    accounts=st.none() | st.integers(1, 10**9),
    mix=MIXES,
    headroom=st.floats(0, 0.9),
)
MORE = st.floats(1, 50)
EXAMPLES = 60


def figures(found: Plan) -> dict[str, float]:
    """The values of all figures, by name."""
    named = {name: getattr(found, name) for name in found.__struct_fields__}
    return {name: figure.value for name, figure in named.items() if isinstance(figure, Figure)}


def at_least(more: Plan, less: Plan) -> bool:
    """Whether no figure is below the other plan's (but for how floats round)."""
    few = figures(less)
    return all(value >= few[name] * (1 - 1e-9) for name, value in figures(more).items())


def test_a_plan_is_the_sum_that_it_says() -> None:
    # Given 500 a second, 1000 at peak, singly, on a machine of which each part's cost is known
    found = plan(Demand(500, 1000), TYPICAL)
    # Then processes are what takes 1000 a second at 70 %: one API process was full at 1600, one worker at 2500
    assert (found.api.value, found.workers.value) == (1, 1)
    assert plan(Demand(500, 1200), TYPICAL).api.value == 2
    assert plan(Demand(500, 2000), TYPICAL).workers.value == 2
    # And each part's cores are its cost at peak
    assert found.api_cores.value == pytest.approx(1000 * 500e-6 / 0.7)
    assert found.postgresql_cores.value == pytest.approx(1000 * 200e-6 / 0.7)
    # And connections are the pools, with one to listen for each, and the reserve
    assert found.connections.value == 11 + 6 + RESERVE
    # And disk and WAL are those of the average, not of the peak
    assert found.disk_gb_day.value == pytest.approx(500 * 86_400 * 1_000 / 1e9)
    assert found.disk_gb.value == pytest.approx(found.disk_gb_month.value * 24 / 0.8)
    assert found.wal_gb_day.value == pytest.approx(500 * 86_400 * 1_800 / 1e9)
    # And ten minutes at peak fit into the queue
    assert found.queue_limit.value == 600_000
    # And every figure says why
    assert all(getattr(found, name).because for name in figures(found))


@settings(max_examples=EXAMPLES)
@given(DEMANDS, MORE)
def test_more_transactions_need_no_less_of_anything(demand: Demand, factor: float) -> None:
    more = msgspec.structs.replace(demand, tps=min(demand.tps * factor, 1e7))
    assert at_least(plan(more, TYPICAL), plan(demand, TYPICAL))


@settings(max_examples=EXAMPLES)
@given(DEMANDS, MORE)
def test_a_higher_peak_needs_no_less_and_no_more_disk(demand: Demand, factor: float) -> None:
    higher, found = plan(msgspec.structs.replace(demand, peak=demand.tps * factor), TYPICAL), plan(demand, TYPICAL)
    assert at_least(higher, found)
    assert higher.disk_gb == found.disk_gb


@settings(max_examples=EXAMPLES)
@given(DEMANDS, st.integers(1, 1200), st.floats(0, 0.9))
def test_longer_retention_and_more_headroom_need_no_less(demand: Demand, months: int, headroom: float) -> None:
    longer = msgspec.structs.replace(demand, retention_months=max(months, demand.retention_months))
    assert at_least(plan(longer, TYPICAL), plan(demand, TYPICAL))
    ratio = longer.retention_months / demand.retention_months
    assert plan(longer, TYPICAL).disk_gb.value == pytest.approx(plan(demand, TYPICAL).disk_gb.value * ratio)
    roomier = msgspec.structs.replace(demand, headroom=max(headroom, demand.headroom))
    assert at_least(plan(roomier, TYPICAL), plan(demand, TYPICAL))


@settings(max_examples=EXAMPLES)
@given(DEMANDS, st.floats(0.1, 10))
def test_processes_hold_the_peak_and_one_fewer_would_not(demand: Demand, factor: float) -> None:
    found = plan(demand, costing(factor))
    loads = (
        (found.api, found.api_rate, 1.0, found.api_cores),
        (found.workers, found.worker_rate, demand.mix.queued, found.worker_cores),
    )
    for count, rate, share, cores in loads:
        load, fewer = demand.at_peak * share / demand.utilisation, count.value - 1
        assert count.value * rate >= load * (1 - 1e-9)
        assert fewer == 0 or fewer * rate < load or fewer < cores.value
    # and no process is asked for more than a processor, nor all of them for less than they use
    assert found.api_cpu <= 1
    assert found.worker_cpu <= 1
    assert found.api.value * found.api_cpu >= found.api_cores.value * (1 - 1e-9)
    assert found.workers.value * found.worker_cpu >= found.worker_cores.value * (1 - 1e-9)


@settings(max_examples=EXAMPLES)
@given(DEMANDS)
def test_connections_are_the_budget_and_fit(demand: Demand) -> None:
    found = plan(demand, TYPICAL)
    assert found.connections.value == found.budget.needed == 11 * found.api.value + 6 * found.workers.value + RESERVE
    assert found.budget.fits
    assert found.max_connections.value >= found.connections.value
    assert any("pooler" in caution for caution in found.cautions) is (found.budget.needed > POOLER_ABOVE)


@settings(max_examples=EXAMPLES)
@given(DEMANDS)
def test_values_are_what_settings_take(demand: Demand) -> None:
    found = plan(demand, TYPICAL)
    values = Values.of(found)
    assert (values.api_replicas, values.worker_replicas) == (found.api.value, found.workers.value)
    assert values.disk_gb == math.ceil(found.disk_gb.value)
    assert 1_000 <= values.queue_limit <= 10_000_000
    assert 1 <= values.stream_partitions <= 256
    assert values.stream_partitions == 1 or found.masters.value >= 3
    assert min(values.api_memory_mb, values.worker_memory_mb) >= 256


def test_a_load_that_only_waits_for_answers_still_has_a_worker() -> None:
    found = plan(Demand(1000, mix=Mix(0, 0, 1)), TYPICAL)
    assert found.workers.value == 1
    assert "retries" in found.workers.because


def test_a_valkey_that_is_full_becomes_a_cluster() -> None:
    found = plan(Demand(20_000, accounts=1_000), TYPICAL)
    assert found.masters.value >= 3
    assert found.stream_partitions.value == found.masters.value * PARTITIONS_A_MASTER
    huge = plan(Demand(1_000_000), TYPICAL)
    assert huge.stream_partitions.value == 256
    assert any("split accounts" in caution for caution in huge.cautions)


def test_a_calibration_that_missed_its_own_check_is_told() -> None:
    poor = msgspec.structs.replace(TYPICAL, error=0.4)
    assert any("40%" in caution for caution in plan(Demand(50), poor).cautions)
    assert not plan(Demand(50), TYPICAL).cautions


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"tps": 0}, "--tps is 0"),
        ({"tps": -5}, "--tps is -5"),
        ({"tps": float("nan")}, "--tps is nan"),
        ({"tps": 1e9}, "--tps"),
        ({"tps": 100, "peak": 50}, "--peak is 50, below --tps 100"),
        ({"tps": 100, "peak": float("nan")}, "--peak is nan"),
        ({"tps": 100, "retention_months": 0}, "--retention is 0: give months from 1 to 1200"),
        ({"tps": 100, "retention_months": 1201}, "--retention is 1201"),
        ({"tps": 100, "accounts": 0}, "--accounts is 0"),
        ({"tps": 100, "headroom": 1.0}, "--headroom is 1"),
        ({"tps": 100, "headroom": -0.1}, "--headroom"),
        ({"tps": 100, "outage_minutes": 0}, "--outage is 0"),
    ],
)
def test_what_cannot_be_planned_for_is_refused_in_words(asked: dict[str, float], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        Demand(**asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "singles", "single=x", "single=0.5", "single=2", "batch=-1,single=2", "single=nan"]
)
def test_a_mix_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="single"):
        Mix.parse(text)


def test_a_mix_costs_what_its_parts_do() -> None:
    mix = Mix.parse("single=0.5, batch=0.3, decisions=0.2")
    assert mix.costs(TYPICAL).api_us == pytest.approx(0.5 * 500 + 0.3 * 100 + 0.2 * 900)
    assert Mix.parse("batch").costs(TYPICAL) == TYPICAL.batches
