"""Commands to Valkey, many in one round trip, scripts among them."""

from collections.abc import Sequence
from typing import Any

from redis.exceptions import NoScriptError

from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import Client, absence_as_unavailable
from riskengine.state import scripts
from riskengine.telemetry import tracing

Command = tuple[str | bytes | int, ...]


async def run(redis: Client, breaker: Breaker, commands: Sequence[Command]) -> list[Any]:
    """Sends the commands at once; to a server that does not know a script (new, or emptied) again, with its text.

    Only what failed so is sent again: additions to series are not to be made twice. In a cluster some nodes may know a
    script and others not, and each command must keep to the keys of one partition. Raises Unavailable.
    """
    with absence_as_unavailable(breaker), tracing.commands("PIPELINE", len(commands)) as step:
        if step.recorded:
            step.rename(_summary(commands))
        answers = await _send(redis, commands)
        unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            again = await _send(redis, [scripts.in_full(commands[place]) for place in unknown])
            for place, answer in zip(unknown, again, strict=True):
                answers[place] = answer
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers


def _summary(commands: Sequence[Command]) -> str:
    """The commands and scripts, each once, without their keys."""
    return " ".join(dict.fromkeys(scripts.name_of(command) or str(command[0]) for command in commands))


async def _send(redis: Client, commands: Sequence[Command]) -> list[Any]:
    pipeline = redis.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    answers: list[Any] = await pipeline.execute(raise_on_error=False)
    return answers
