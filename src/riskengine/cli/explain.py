"""`riskengine explain`: one decision as an analyst reads it."""

import asyncio
from typing import Annotated
from uuid import UUID

import msgspec
import typer
from rich.console import Console

from riskengine import wiring
from riskengine.cli import explain_report
from riskengine.cli.connecting import connect
from riskengine.pipeline.explaining import Alternative, Explained, explained, under
from riskengine.pipeline.running import Running

CONNECTIONS = 2
"""Connections to PostgreSQL."""


def command(
    transaction_id: Annotated[UUID, typer.Argument(help="The transaction's id.")],
    *,
    with_ruleset: Annotated[
        int | None, typer.Option(min=1, help="Execute it with this rule set, too, and show the difference.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a decision with all that led to it: parts, reasons, versions, the account as it was, and every feature.

    With another rule set it is executed again on the features it saw. Needs DATABASE_URL.
    """
    one, other = asyncio.run(_load(transaction_id, with_ruleset))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(explain_report.view(one, other))).decode())
    else:
        explain_report.show(Console(highlight=False), one, other)


async def _load(transaction_id: UUID, ruleset: int | None) -> tuple[Explained, Alternative | None]:
    database = await connect("riskengine-explain", CONNECTIONS)
    try:
        engines = await Running.start(database, wiring.builder(database))
        one = await explained(database, engines, transaction_id)
        return one, None if ruleset is None else await under(engines, one, ruleset)
    finally:
        await database.close()
