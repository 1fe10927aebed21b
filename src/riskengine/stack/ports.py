"""TCP ports on the loopback interface."""

import socket

from riskengine.stack.errors import StackError

LOOPBACK = "127.0.0.1"


def free() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


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
