"""The SQL of the engine, one statement a file, by the file's name.

A statement that bears an answer of some time ago says so in its header: `-- Freshness: 60 s`. `storage.reads` may then
have it answered by a replica that is no further behind. Without that line it is for the primary alone.

One that is to be planned once for a connection, whatever its arguments, says `-- Plan: once`. Otherwise PostgreSQL
plans anew for each call where it thinks that pays, which over many months takes longer than to run.
"""

import re
from functools import cache
from importlib import resources

_FRESHNESS = re.compile(r"^-- Freshness: (\d+) s\b", re.MULTILINE)

_PLANNED_ONCE = re.compile(r"^-- Plan: once\b", re.MULTILINE)


@cache
def text(name: str) -> str:
    """The statement in `<name>.sql`."""
    return resources.files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


@cache
def freshness(name: str) -> int | None:
    """How many seconds old the answer of the statement may be; None if it must not be."""
    declared = _FRESHNESS.search(text(name))
    return None if declared is None else int(declared[1])


@cache
def planned_once(name: str) -> bool:
    """Whether the statement is planned once for all calls of a connection."""
    return _PLANNED_ONCE.search(text(name)) is not None
