"""What keys may send, in Valkey: exact to the millionth of a transaction, against an oracle in fractions."""

from collections.abc import AsyncIterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.exceptions import NoScriptError

from riskengine.domain.errors import Unavailable
from riskengine.domain.rate_limit import MOST, RateLimit
from riskengine.resilience import redis as connections
from riskengine.resilience.redis import Client
from riskengine.state import scripts
from riskengine.state.quotas import Claim, Quota, Quotas

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND
"""A moment, in microseconds."""


class Oracle:
    """The algorithm as it is published: the moment at which all that was granted would have arrived evenly."""

    def __init__(self, rate: int, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._arrival: Fraction | None = None

    def claim(self, now: int, cost: int) -> bool:
        """Whether that many are granted at that moment."""
        arrival = Fraction(now) if self._arrival is None else max(Fraction(now), self._arrival)
        after = arrival + Fraction(cost * SECOND, self._rate)
        if after - now > Fraction(self._burst * SECOND, self._rate):
            return False
        self._arrival = after
        return True

    def taken(self, now: int) -> Fraction:
        """Millionths of a transaction that have not drained."""
        return Fraction(0) if self._arrival is None else max(Fraction(0), self._arrival - now) * self._rate


@pytest.fixture
def quotas(redis: Client) -> Quotas:
    return Quotas(redis)


async def _run(redis: Client, now: int, rate: int, burst: int, *costs: int) -> list[Any]:
    """What the script says at a moment of the test's own."""
    command = scripts.call("take_quota", ["quota:k"], now, rate, burst, *costs)
    try:
        answer: list[Any] = await redis.execute_command(*command)
    except NoScriptError:
        await redis.script_load(scripts.text("take_quota"))
        answer = await redis.execute_command(*command)
    return answer


_sizes = st.one_of(st.integers(1, 20), st.integers(1, MOST))
_steps = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 50), st.integers(0, 3 * SECOND), st.just(10**13)),
        st.lists(st.one_of(st.integers(1, 20), st.integers(1, MOST)), min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rate=_sizes, burst=_sizes, steps=_steps)
async def test_what_is_granted_is_what_the_algorithm_grants(
    redis: Client, rate: int, burst: int, steps: list[tuple[int, list[int]]]
) -> None:
    # Given a key of which nothing is taken, and the algorithm in exact fractions
    await redis.delete("quota:k")
    oracle, now = Oracle(rate, burst), NOW
    for passed, costs in steps:
        now += passed
        # When claims come, alone or together
        answer = await _run(redis, now, rate, burst, *costs)
        # Then each is granted if and only if it is there, and as much is taken as there
        for cost, granted, taken in zip(costs, answer[::2], answer[1::2], strict=True):
            assert (granted == 1) is oracle.claim(now, cost)
            assert taken == oracle.taken(now)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rate=_sizes, burst=_sizes, data=st.data())
async def test_a_claim_is_granted_when_it_was_said_to_be_and_not_a_second_before(
    redis: Client, rate: int, burst: int, data: st.DataObject
) -> None:
    # Given a claim that is refused
    await redis.delete("quota:k")
    first = data.draw(st.integers(1, burst))
    cost = data.draw(st.integers(burst - first + 1, burst))
    _, _, granted, taken = await _run(redis, NOW, rate, burst, first, cost)
    quota = Quota(Claim("k", RateLimit(rate, burst), cost), granted == 1, taken)
    assert not quota.granted
    # When it comes again a second before it was said to be granted, and then
    early = await _run(redis, NOW + max(0, quota.granted_after - 1) * SECOND, rate, burst, cost)
    right = await _run(redis, NOW + quota.granted_after * SECOND, rate, burst, cost)
    # Then it is refused, and granted
    assert (quota.granted_after >= 1, early[0], right[0]) == (True, 0, 1)


async def test_a_clock_that_was_set_back_keeps_nobody_waiting(redis: Client) -> None:
    # Given a key that is used up, on a server whose clock is then set back by an hour
    await _run(redis, NOW, 2, 4, 4)
    back = NOW - 3600 * SECOND
    assert (await _run(redis, back, 2, 4, 1))[0] == 0
    # Then it drains from there
    assert (await _run(redis, back + SECOND, 2, 4, 2))[0] == 1


async def test_claims_of_many_keys_are_answered_in_their_order(quotas: Quotas) -> None:
    # Given keys with limits of their own
    slow, fast = RateLimit(1, 2), RateLimit(1, 10)
    claims = [Claim("a", slow, 1), Claim("b", fast, 10), Claim("a", slow, 2), Claim("b", fast, 1), Claim("a", slow, 1)]
    # When their claims come together, and then one by one, by the server's own clock
    together = await quotas.take(claims)
    alone = [(await quotas.take([Claim("a", slow, 1)]))[0], (await quotas.take([Claim("c", slow, 2)]))[0]]
    # Then each is judged by its own key, whole or not at all
    assert [quota.granted for quota in together] == [True, True, False, False, True]
    assert [quota.claim for quota in together] == claims
    assert [quota.granted for quota in alone] == [False, True]
    assert (together[0].available, together[1].available, alone[1].available) == (1, 0, 0)
    assert (together[1].whole_after, alone[1].whole_after) == (10, 2)


async def test_a_quota_may_be_evicted_and_lives_until_it_has_drained(quotas: Quotas, redis: Client) -> None:
    # When a hundred seconds' worth is taken, and something is refused
    await quotas.take([Claim("a", RateLimit(1, 100), 100), Claim("z", RateLimit(1, 1), 5)])
    # Then that is kept with a time to live, a minute longer, and nothing for the other
    assert 100 <= await redis.ttl("quota:a") <= 160
    assert await redis.exists("quota:z") == 0


async def test_a_limit_that_was_changed_holds_for_what_was_taken_before(quotas: Quotas) -> None:
    # Given a key that has taken all
    await quotas.take([Claim("a", RateLimit(1, 50), 50)])
    # When its limit is lowered, and raised
    lower = (await quotas.take([Claim("a", RateLimit(1, 5), 1)]))[0]
    higher = (await quotas.take([Claim("a", RateLimit(1, 100), 50)]))[0]
    # Then the one keeps it waiting, and the other gives it what is new
    assert (lower.granted, lower.available, higher.granted) == (False, 0, True)
    assert 44 <= lower.granted_after <= 46


@pytest.fixture
async def nowhere() -> AsyncIterator[Client]:
    client = connections.connect("redis://127.0.0.1:1/0", "test")
    yield client
    await client.aclose()


async def test_without_a_server_it_says_so(nowhere: Client) -> None:
    with pytest.raises(Unavailable, match="redis"):
        await Quotas(nowhere).take([Claim("a", RateLimit(1, 1), 1)])
