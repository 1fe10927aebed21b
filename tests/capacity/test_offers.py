"""The price table as it may be written, and the cheapest offer against all there are."""

import re
from collections.abc import Callable
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskengine.capacity.demand import Demand
from riskengine.capacity.offers import CONNECTION_GB, POSTGRESQL_GB, offers
from riskengine.capacity.plan import Plan, plan
from riskengine.capacity.prices import Cloud, MemoryTier, PostgresqlPrices, Prices, RedisPrices, Tier
from riskengine.domain.errors import ConfigurationError
from tests.capacity.calibrations import TYPICAL

EXAMPLES = 60
SIZES, USD = st.floats(0.1, 64), st.integers(0, 500).map(float)
TIERS = st.lists(st.builds(Tier, name=st.just("tier"), vcpu=SIZES, memory_gb=SIZES, usd=USD), min_size=1, max_size=5)
NODES = st.lists(st.builds(MemoryTier, name=st.just("node"), memory_gb=SIZES, usd=USD), min_size=1, max_size=5)
CLOUDS = st.builds(
    Cloud,
    name=st.just("one"),
    note=st.just(""),
    balancer_usd=USD,
    instances=TIERS.map(tuple),
    postgresql=st.builds(
        PostgresqlPrices, tiers=TIERS.map(tuple), storage_usd_gb=st.floats(0, 1), largest_gb=st.floats(1, 10_000)
    ),
    redis=st.builds(RedisPrices, tiers=NODES.map(tuple)),
)


Spoil = Callable[[dict[str, Any]], None]


def shipped() -> dict[str, Any]:
    """The shipped table, to be spoilt."""
    found: dict[str, Any] = msgspec.to_builtins(Prices.shipped())
    return found


def least(found: Plan, cloud: Cloud) -> float | None:
    """The least that any combination of tiers costs, by trying all; None if none holds the plan."""
    disk, memory = msgspec.convert(found.disk_gb.value, float), found.redis_memory_mb.value / 1024
    totals = []
    for for_api, for_workers, server, node in product(
        cloud.instances, cloud.instances, cloud.postgresql.tiers, cloud.redis.tiers
    ):
        total = cloud.balancer_usd + server.usd + -(-disk // 1) * cloud.postgresql.storage_usd_gb
        total += node.usd * found.masters.value
        fits = server.vcpu >= found.postgresql_cores.value and -(-disk // 1) <= cloud.postgresql.largest_gb
        fits &= server.memory_gb >= POSTGRESQL_GB + found.max_connections.value * CONNECTION_GB
        fits &= node.memory_gb * found.masters.value >= memory - 1e-6
        for tier, count, cpu, each_mb in (
            (for_api, found.api.value, found.api_cpu, found.api_memory_mb),
            (for_workers, found.workers.value, found.worker_cpu, found.worker_memory_mb),
        ):
            machines = 0  # one more, until all processes have a place
            while machines * tier_holds(tier, cpu, each_mb) < count and machines <= count:
                machines += 1
            fits &= tier_holds(tier, cpu, each_mb) > 0
            total += machines * tier.usd
        totals += [total] if fits else []
    return min(totals, default=None)


def tier_holds(tier: Tier, cpu: float, memory_mb: float) -> int:
    """How many processes a tier holds, one placed after the other."""
    places = 0
    while (places + 1) * cpu <= tier.vcpu + 1e-6 and (places + 1) * memory_mb <= tier.memory_gb * 1024 + 1e-6:
        places += 1
    return places


@settings(max_examples=EXAMPLES)
@given(CLOUDS, st.floats(0.01, 5_000))
def test_the_offer_is_the_cheapest_that_holds_the_load(cloud: Cloud, tps: float) -> None:
    # Given any cloud, and any load
    found = plan(Demand(tps, retention_months=1, accounts=1_000), TYPICAL)
    # When it is asked for an offer
    (offer,) = offers(found, Prices(date(2026, 1, 1), "made up", (cloud,)))
    # Then that is the least of all combinations, or there is none and the offer says why
    best = least(found, cloud)
    assert (offer.usd is None) is (best is None) is bool(offer.lacking)
    if best is not None:
        assert offer.usd == pytest.approx(best)


def test_what_no_tier_holds_is_told_and_the_rest_is_still_offered() -> None:
    huge = plan(Demand(1_000_000), TYPICAL)
    for offer in offers(huge, Prices.shipped()):
        assert offer.usd is None
        assert any(words.startswith("PostgreSQL: ") for words in offer.lacking)
        assert any(choice.part == "API" for choice in offer.choices)


def test_a_small_load_can_be_had_everywhere() -> None:
    small = plan(Demand(5, retention_months=3, accounts=10_000), TYPICAL)
    found = offers(small, Prices.shipped())
    assert {offer.cloud for offer in found} == {"AWS", "GCP", "Azure", "Hetzner", "Render"}
    for offer in found:
        assert offer.usd == pytest.approx(sum(choice.usd for choice in offer.choices))
        assert {choice.part for choice in offer.choices} == {"API", "workers", "PostgreSQL", "Redis", "balancer"}


def _without_tier(table: dict[str, Any]) -> None:
    del table["clouds"][0]["postgresql"]["tiers"]


def _empty(table: dict[str, Any]) -> None:
    table["clouds"][1]["redis"]["tiers"] = []


def _negative(table: dict[str, Any]) -> None:
    table["clouds"][2]["instances"][0]["usd"] = -1


def _unknown(table: dict[str, Any]) -> None:
    table["clouds"][3]["currency"] = "EUR"


def _text(table: dict[str, Any]) -> None:
    table["clouds"][4]["postgresql"]["tiers"][0]["vcpu"] = "many"


def _twice(table: dict[str, Any]) -> None:
    table["clouds"][1]["name"] = "AWS"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_without_tier, r"AWS: .*missing required field `tiers`.*postgresql"),
        (_empty, r"GCP: .*length >= 1.*redis\.tiers"),
        (_negative, r"Azure: .*>= 0.*instances\[0\]\.usd"),
        (_unknown, r"Hetzner: .*unknown field `currency`"),
        (_text, r"Render: .*float.*postgresql\.tiers\[0\]\.vcpu"),
        (_twice, "AWS is there twice"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_the_field(spoil: Spoil, told: str, tmp_path: Path) -> None:
    table = shipped()
    spoil(table)
    file = tmp_path / "prices.yaml"
    file.write_bytes(msgspec.yaml.encode(table))
    with pytest.raises(ConfigurationError, match=told) as refused:
        Prices.read(file)
    assert str(file) in str(refused.value)


def test_a_table_that_is_not_there_or_no_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Prices.read(tmp_path / "gone.yaml")
    file = tmp_path / "prices.yaml"
    for text in ("clouds: [", "", "- 1", "{1: 2}", "clouds: 3", "[" * 5000):
        file.write_text(text)
        with pytest.raises(ConfigurationError, match="no table of prices"):
            Prices.read(file)


def test_a_table_that_names_something_twice_is_refused(tmp_path: Path) -> None:
    # Given a second price of one balancer, below the first
    file = tmp_path / "prices.yaml"
    text = msgspec.yaml.encode(shipped()).decode()
    file.write_text(re.sub(r"^( *)(balancer_usd: .*)$", r"\1\2\n\1balancer_usd: 1", text, count=1, flags=re.M))
    # When it is read, then no one is taken rather than the other
    with pytest.raises(
        ConfigurationError, match=r"clouds\[0\]\.balancer_usd is there twice, in lines \d+ and \d+: keep"
    ):
        Prices.read(file)


def test_ones_own_table_is_taken(tmp_path: Path) -> None:
    table = shipped()
    file = tmp_path / "prices.yaml"
    file.write_bytes(msgspec.yaml.encode(table))
    assert Prices.read(file) == Prices.shipped()
