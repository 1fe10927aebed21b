"""What cannot be digested, given to the engine."""

from functools import partial
from random import Random

import msgspec

from riskengine.chaos.ground import Ground


class Garbage(msgspec.Struct, frozen=True):
    """Messages that are no transactions, or of a version to come, on the stream among all others."""

    name: str
    count: int
    seed: int

    @property
    def detail(self) -> str:
        return f"{self.count} messages"

    async def happen(self, ground: Ground) -> str:
        random = Random(self.seed)
        for _ in range(self.count):
            await ground.insist(lambda: _publish(ground, random))
        return ""


class Unscorable(msgspec.Struct, frozen=True):
    """Stored transactions that the API would refuse and that make scoring raise, some of them of busy accounts."""

    name: str
    accounts: tuple[str, ...]

    @property
    def detail(self) -> str:
        return f"on {', '.join(self.accounts)}"

    async def happen(self, ground: Ground) -> str:
        for account_id in self.accounts:
            await ground.insist(partial(ground.poison.store, account_id))
        return ""


async def _publish(ground: Ground, random: Random) -> None:
    async with ground.valkey() as valkey:
        await ground.poison.publish(valkey, random)
