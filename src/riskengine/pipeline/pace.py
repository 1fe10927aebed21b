"""How fast something is done: how many a second, of late."""

import time
from collections import deque
from collections.abc import Callable

WINDOW = 10.0
"""Seconds that a rate is taken over: five beats of a process, so that one slow batch does not make it jump."""


class Pace:
    """Looks at a count that only grows, each time it is asked."""

    def __init__(self, count: Callable[[], int], now: Callable[[], float] = time.monotonic) -> None:
        """`now` gives seconds, and never goes back."""
        self._count = count
        self._now = now
        self._looks = deque([(now(), count())])

    def rate(self) -> float:
        """By how much it grew a second: since the last look that is WINDOW or more ago, or else since the first."""
        now, count = self._now(), self._count()
        self._looks.append((now, count))
        while len(self._looks) > 2 and self._looks[1][0] <= now - WINDOW:
            self._looks.popleft()
        began, before = self._looks[0]
        return (count - before) / (now - began) if now > began else 0.0
