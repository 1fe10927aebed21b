"""Commands to Valkey, many in one round trip, scripts among them."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import absence_as_unavailable
from riskengine.state import scripts

Command = tuple[str | bytes | int, ...]


async def run(redis: Redis, breaker: Breaker, commands: Sequence[Command]) -> list[Any]:
    """Sends the commands at once; a server that does not know the scripts (new, or emptied) is told them first.

    Only what failed so is sent again: additions to series are not to be made twice. Raises Unavailable.
    """
    with absence_as_unavailable(breaker):
        answers = await _send(redis, commands)
        unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            await _send(redis, [("SCRIPT", "LOAD", scripts.text(name)) for name in scripts.NAMES])
            again = await _send(redis, [commands[place] for place in unknown])
            for place, answer in zip(unknown, again, strict=True):
                answers[place] = answer
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers


async def _send(redis: Redis, commands: Sequence[Command]) -> list[Any]:
    pipeline = redis.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    return await pipeline.execute(raise_on_error=False)
