"""The Lua scripts of the queue, one a file, by the file's name."""

from functools import cache
from importlib import resources


@cache
def text(name: str) -> str:
    """The script in `<name>.lua`."""
    return resources.files(__name__).joinpath(f"{name}.lua").read_text(encoding="utf-8")
