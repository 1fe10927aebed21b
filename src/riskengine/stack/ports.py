"""TCP ports on the loopback interface."""

import random
import socket
from contextlib import suppress

from riskengine.stack.errors import StackError

LOOPBACK = "127.0.0.1"

# Below what systems give to outgoing connections (from 32768 on Linux), one of which could take the port of a process
# while that is being started again.
_QUIET = range(20_000, 32_000)
_TRIES = 100


def free() -> int:
    """A port nobody listens on at the moment. Raises StackError if there is none."""
    for port in random.sample(_QUIET, _TRIES):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
    raise StackError(f"no free port found from {_QUIET.start} to {_QUIET.stop}: end programs that listen there")


def several(count: int) -> list[int]:
    """So many different ports that nobody listens on at the moment. Raises StackError if there are none."""
    found: dict[int, None] = {}
    while len(found) < count:
        found[free()] = None
    return list(found)


def claim(wanted: int | None, part: str) -> int:
    """The wanted port if it can be listened on, or any free one if none is wanted.

    Raises StackError if another program listens there.
    """
    if not wanted:
        return free()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError as error:
            raise StackError(
                f"port {wanted} for {part} cannot be used ({error.strerror}): choose another with --port, "
                "or stop the program that listens there"
            ) from error
    return wanted


def listening(port: int) -> bool:
    """Whether somebody accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0
