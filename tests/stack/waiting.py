"""Waiting for what another process does."""

import time
from collections.abc import Callable

PATIENCE_S = 20.0


def until(condition: Callable[[], bool], what: str) -> None:
    """Returns once the condition holds; fails, naming it, if it never does."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.01)
