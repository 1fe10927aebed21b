"""When what happens: all of it from one seed."""

from collections.abc import Iterator, Sequence
from random import Random

import msgspec

from riskengine.chaos.faults.fault import Fault
from riskengine.chaos.kinds import Kind

GAP_S = 12.0
"""Seconds from one fault to the next, on average: time to heal for most, and more than 30 faults in ten minutes."""

QUIET_S = 5.0
"""Seconds without a fault at the beginning, and at the end."""

TOGETHER = 0.2
"""How often a fault comes right on the heels of the one before, while that one lasts."""


class Planned(msgspec.Struct, frozen=True):
    """A fault and when it begins, in seconds from the start."""

    at_s: float
    fault: Fault


def draw(kinds: Sequence[Kind], seconds: float, seed: int) -> list[Planned]:
    """The faults of a run that lasts so many seconds, in order. Each kind comes before any comes again."""
    random = Random(f"{seed} schedule")
    count = max(1, round((seconds - 2 * QUIET_S) / GAP_S))
    gap = max(0.0, seconds - 2 * QUIET_S) / count
    order = _bags(kinds, random)
    planned: list[Planned] = []
    for number in range(count):
        at_s = QUIET_S + gap * (number + random.uniform(0.0, 0.3))
        if planned and random.random() < TOGETHER:
            at_s = planned[-1].at_s + random.uniform(0.5, 2.0)
        planned.append(Planned(round(at_s, 1), next(order).draw(random)))
    return planned


def _bags(kinds: Sequence[Kind], random: Random) -> Iterator[Kind]:
    """The kinds in a random order, again and again."""
    while True:
        yield from random.sample(kinds, len(kinds))
