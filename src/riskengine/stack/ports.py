"""TCP ports on the loopback interface."""

import random
import socket
from collections.abc import Iterable
from contextlib import suppress

from riskengine.stack.errors import StackError

LOOPBACK = "127.0.0.1"

# Below what systems give to outgoing connections (from 32768 on Linux), one of which could take the port of a process
# while that is being started again.
_QUIET = range(20_000, 32_000)
_TRIES = 100


def free() -> int:
    """A port nobody listens on at the moment. Raises StackError if there is none."""
    return first_free(random.sample(_QUIET, _TRIES))


def several(count: int) -> list[int]:
    """So many different ports, of which nobody listens on any at the moment. Raises StackError if there are fewer."""
    candidates = iter(random.sample(_QUIET, len(_QUIET)))
    return [first_free(candidates) for _ in range(count)]


def first_free(candidates: Iterable[int]) -> int:
    """The first of the ports that nobody listens on at the moment. Raises StackError if there is none."""
    for port in candidates:
        with suppress(OSError):
            _try(port)
            return port
    raise StackError(f"no free port found from {_QUIET.start} to {_QUIET.stop}: end programs that listen there")


def claim(wanted: int | None, part: str) -> int:
    """The wanted port if it can be listened on, or any free one if none is wanted.

    Raises StackError if another program listens there.
    """
    if not wanted:
        return free()
    try:
        _try(wanted)
    except OSError as error:
        raise StackError(
            f"port {wanted} for {part} cannot be used ({error.strerror}): choose another with --port, "
            "or stop the program that listens there"
        ) from error
    return wanted


def _try(port: int) -> None:
    """Takes the port for a moment; what is left of old connections does not matter. Raises OSError if it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))


def listening(port: int) -> bool:
    """Whether somebody accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0
