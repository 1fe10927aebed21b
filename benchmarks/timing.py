"""Timing so that the noise of a machine hits all that is compared alike."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from riskengine import garbage

Task = Callable[[], object]


@contextmanager
def as_in_a_worker() -> Iterator[None]:
    """Garbage is collected as a worker does; afterwards as before."""
    before = gc.get_threshold()
    garbage.settle()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def medians(tasks: Sequence[Task], repetitions: int) -> list[float]:
    """The median seconds of each task. They take turns, and the first of a turn is each time another."""
    for task in tasks:
        task()
    found: list[list[float]] = [[] for _ in tasks]
    for repetition in range(repetitions):
        for place in rotated(len(tasks), repetition):
            found[place].append(seconds(tasks[place]))
    return [statistics.median(times) for times in found]


def seconds(task: Task) -> float:
    """How long it takes."""
    before = time.perf_counter()
    task()
    return time.perf_counter() - before


def rotated(count: int, turn: int) -> list[int]:
    """The places from 0, beginning at another one each turn."""
    return [(turn + step) % count for step in range(count)]
