"""Commands on releases, run as an analyst does."""

import asyncio
from pathlib import Path

import msgspec
import typer
from typer.testing import CliRunner

from riskengine.cli import features, models, rates, rules

APPS: dict[str, typer.Typer] = {"rules": rules.app, "features": features.app, "rates": rates.app, "models": models.app}


class Ended(msgspec.Struct, frozen=True):
    """How a command ended: what it printed, what it complained of, and its exit code."""

    out: str
    err: str
    code: int


async def riskengine(kind: str, *arguments: str | Path) -> Ended:
    """Runs `riskengine <kind> ...`; what the engine refuses is raised. The command has an event loop of its own."""
    result = await asyncio.to_thread(CliRunner().invoke, APPS[kind], [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.stdout, result.stderr, result.exit_code)


async def done(kind: str, *arguments: str | Path) -> str:
    """What a command printed that went well."""
    ended = await riskengine(kind, *arguments)
    assert ended.code == 0, ended
    return ended.out
