"""Months and answers as people read them, and as programs do."""

from collections.abc import Sequence

import msgspec
import typer

from riskengine.archive.overview import Overview
from riskengine.archive.querying import Answer
from riskengine.cli.release_tables import console, table

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def months(found: Sequence[Overview], *, as_json: bool) -> None:
    """Shows months, oldest first."""
    if as_json:
        _json(found)
        return
    table(
        ("month", "state", "transactions", "decisions", "on disk", "archive", "manifest's SHA-256"),
        (
            (
                one.month,
                one.state,
                f"{one.transactions:,}",
                f"{one.decisions:,}",
                size(one.bytes),
                one.archived_to,
                one.manifest_sha256,
            )
            for one in found
        ),
    )


def answer(found: Answer, *, as_json: bool) -> None:
    """Shows what a query found, and where it looked."""
    if as_json:
        _json([dict(zip(found.columns, row, strict=True)) for row in found.rows])
        return
    table(found.columns, found.rows)
    looked = f"archived: {', '.join(found.archived) or 'none'}; live: {', '.join(found.live) or 'none'}"
    console().print(f"{len(found.rows):,} rows, from months {looked}", markup=False)


def size(count: int) -> str:
    """A number of bytes, in the unit that fits."""
    number, unit = float(count), 0
    while number >= 1024 and unit < len(_UNITS) - 1:
        number, unit = number / 1024, unit + 1
    return f"{number:.0f} {_UNITS[unit]}" if unit == 0 else f"{number:.1f} {_UNITS[unit]}"


def _json(found: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
