"""Points between the steps of ingest and decide at which a process can be made to fail: for `riskengine chaos`.

A process that is given a directory (the setting FAIL_POINTS) looks there for a file of a point's name whenever it
passes the point. One process gets the file, by removing it, and does what it says: `crash`, or `clock N`, which steps
the process's clock by N milliseconds. Without a directory, as in production, a point is a call of an empty function for
each batch.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

from riskengine.domain import clock

POINTS = MappingProxyType(
    {
        "ingest.begun": "submissions were read, and are not stored",
        "ingest.stored": "submissions are stored and pending, and not handed over to be published",
        "publish.begun": "stored transactions are about to be put on the stream",
        "publish.done": "they are on the stream",
        "consume.read": "messages were delivered, and nothing is done with them",
        "decide.recalled": "histories were read, and nothing is scored",
        "decide.scored": "verdicts were reached, and are not stored",
        "decide.stored": "decisions are stored, and histories are not",
        "decide.kept": "histories are stored, and messages are not acknowledged",
        "consume.acknowledged": "messages are acknowledged",
        "decide_new.scored": "a sender waits for verdicts that were reached; nothing is stored",
        "decide_new.stored": "transactions and decisions are stored; the sender has no answer, and histories are old",
        "fail.begun": "messages could not be decided, and nobody knows",
        "fail.noted": "what failed is to be tried again, or a dead letter; its message is not acknowledged",
        "relay.marked": "pending transactions are marked as published again, and are not",
        "relay.published": "they are on the stream",
        "letters.announced": "dead letters are on their stream, and not marked so",
    }
)
"""All of them, each with what has happened and what has not."""


def _pass(point: str) -> None:
    """What passing a point does in production."""


reach: Callable[[str], None] = _pass
"""To be called as `failpoints.reach(...)` where the point is: `arm` replaces it."""


def arm(directory: Path) -> None:
    """Has this process look in the directory from now on, whenever it passes a point."""
    global reach  # noqa: PLW0603  (so that an unarmed point costs no look-up)

    def look(point: str) -> None:
        _obey(directory / point)

    reach = look


def disarm() -> None:
    """Makes all points empty again."""
    global reach  # noqa: PLW0603
    reach = _pass


def _obey(order: Path) -> None:
    taken = order.with_name(f"{order.name}.{os.getpid()}")
    try:
        order.rename(taken)
        words = taken.read_text().split()
        taken.unlink()
    except FileNotFoundError:  # nobody wants anything here, or another process was faster
        return
    match words:
        case ["clock", milliseconds]:
            clock.step(int(milliseconds))
        case _:
            os.kill(os.getpid(), signal.SIGKILL)
