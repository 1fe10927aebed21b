"""Consumers of one process do not work on the same account at once."""

import asyncio

from riskengine.worker.claims import Claims
from tests import factories


def test_an_account_in_hand_is_not_claimed_again() -> None:
    # Given transactions of two accounts, one of which is in hand
    claims = Claims()
    first = [factories.transaction("alice"), factories.transaction("alice")]
    batch = [factories.transaction("bob"), factories.transaction("alice"), factories.transaction("bob")]
    assert claims.claim(first) == first
    # When a sibling claims
    claimed = claims.claim(batch)
    # Then it gets the other account's, in order
    assert claimed == [batch[0], batch[2]]
    # And after the release the rest
    claims.release(first)
    assert claims.claim(batch[1:2]) == batch[1:2]
    assert claims.claim(batch[:1]) == []


async def test_who_waits_is_woken_by_a_release() -> None:
    # Given two consumers that wait for one account
    claims = Claims()
    held = [factories.transaction("alice")]
    claims.claim(held)
    waiting = [asyncio.create_task(claims.released()) for _ in range(2)]
    await asyncio.sleep(0)
    # When it is released, then both go on
    claims.release(held)
    await asyncio.wait_for(asyncio.gather(*waiting), 5)
