"""How the processes collect garbage: rarely, and never what they started with."""

import gc

_THRESHOLDS = (20_000, 20, 50)
"""Allocations before the young are collected, and collections before the next generation's (Python: 700, 10, 10).

A batch makes thousands of short-lived containers and hardly a cycle, so Python's own figures collect in vain, and a
full collection stops a process for tens of milliseconds.
"""


def settle() -> None:
    """To be called when a process has started: what exists by now is there to stay, and is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
