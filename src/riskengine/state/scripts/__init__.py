"""The Lua scripts that run inside Valkey, one a file, by the file's name; sent in full to a server that lacks them."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha1
from importlib import resources

NAMES = (
    "mark_kept",
    "permitted",
    "read_series",
    "read_shared",
    "swap_cached",
    "take_quota",
    "write_cached",
    "write_histories",
    "write_peers",
    "write_series",
    "write_shared",
)


@cache
def text(name: str) -> str:
    """The script in `<name>.lua`."""
    return resources.files(__name__).joinpath(f"{name}.lua").read_text(encoding="utf-8")


@cache
def digest(name: str) -> str:
    """The name under which the server knows the script once it is loaded."""
    return sha1(text(name).encode(), usedforsecurity=False).hexdigest()


def call(name: str, keys: Sequence[str], *arguments: str | bytes | int) -> tuple[str | bytes | int, ...]:
    """The command that runs the script."""
    return ("EVALSHA", digest(name), len(keys), *keys, *arguments)


def in_full(command: Sequence[str | bytes | int]) -> tuple[str | bytes | int, ...]:
    """The same command with the script's text: a server that gets it knows the script from then on."""
    return ("EVAL", _texts()[str(command[1])], *command[2:])


def name_of(command: Sequence[str | bytes | int]) -> str | None:
    """The name of the script that the command runs; None if it runs none."""
    return _names().get(str(command[1])) if command[0] == "EVALSHA" else None


@cache
def _names() -> dict[str, str]:
    return {digest(name): name for name in NAMES}


@cache
def _texts() -> dict[str, str]:
    return {digest(name): text(name) for name in NAMES}
