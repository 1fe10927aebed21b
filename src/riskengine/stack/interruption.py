"""What signals do to a process that runs a stack."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ASKING_TO_LEAVE = (signal.SIGTERM, signal.SIGHUP)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def like_ctrl_c() -> Iterator[None]:
    """Makes SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does. Without effect outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = [(number, signal.signal(number, _interrupt)) for number in _ASKING_TO_LEAVE]
    try:
        yield
    finally:
        for number, handler in former:
            signal.signal(number, handler)


@contextmanager
def held_off() -> Iterator[None]:
    """Lets nothing interrupt what must come to its end, and soon does. Without effect outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = [(number, signal.signal(number, signal.SIG_IGN)) for number in (signal.SIGINT, *_ASKING_TO_LEAVE)]
    try:
        yield
    finally:
        for number, handler in former:
            signal.signal(number, handler)
