"""Keys are looked up rarely, and forgotten soon enough."""

import asyncio

import pytest

from riskengine.api import access
from riskengine.api.access import Access
from riskengine.domain.errors import Unauthenticated, Unavailable
from riskengine.storage import api_keys
from riskengine.storage.api_keys import ApiKey

KEY = "rk_a1_secret"
HEADERS = {b"authorization": b"Bearer " + KEY.encode()}


class Keys:
    """A table of one key, which counts how often it is asked, and can be made to fail."""

    def __init__(self) -> None:
        self.asked = 0
        self.revoked_at: int | None = None
        self.away = False

    async def find(self, key_id: str) -> ApiKey | None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("postgresql")
        known = ApiKey("a1", "test", api_keys.digest(KEY), frozenset({"read"}), 0, self.revoked_at)
        return known if key_id == "a1" else None


async def test_many_at_once_ask_once() -> None:
    keys = Keys()
    checker = Access(keys.find)
    await asyncio.gather(*(checker.check(HEADERS, "read") for _ in range(100)))
    await checker.check(HEADERS, "read")
    assert keys.asked == 1


async def test_a_revocation_holds_when_the_key_is_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert access.REMEMBERED < 5
    keys = Keys()
    checker = Access(keys.find)
    monkeypatch.setattr(access, "REMEMBERED", 0.0)
    await checker.check(HEADERS, "read")
    keys.revoked_at = 1
    with pytest.raises(Unauthenticated):
        await checker.check(HEADERS, "read")


async def test_a_failure_is_not_remembered() -> None:
    keys = Keys()
    checker = Access(keys.find)
    keys.away = True
    with pytest.raises(Unavailable):
        await checker.check(HEADERS, "read")
    keys.away = False
    await checker.check(HEADERS, "read")


async def test_invented_keys_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MOST_REMEMBERED", 3)
    keys = Keys()
    checker = Access(keys.find)
    for n in range(10):
        with pytest.raises(Unauthenticated):
            await checker.check({b"x-api-key": b"rk_%d_x" % n}, "read")
    with pytest.raises(Unauthenticated):
        await checker.check({b"x-api-key": b"rk_9_x"}, "read")
    assert keys.asked == 10
    with pytest.raises(Unauthenticated):
        await checker.check({b"x-api-key": b"rk_0_x"}, "read")
    assert keys.asked == 11
