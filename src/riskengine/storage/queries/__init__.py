"""The SQL of the engine, one statement a file, by the file's name."""

from functools import cache
from importlib import resources


@cache
def text(name: str) -> str:
    """The statement in `<name>.sql`."""
    return resources.files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
