"""Requests refused because a limit was reached: counted each, logged now and then."""

import time

import structlog
from prometheus_client import Counter

LOG_EVERY = 10.0
"""Seconds between two lines about the same limit: a line for each refusal would only be more load."""

_refused = Counter("riskengine_refused_total", "Requests refused because a limit was reached", ["limit"])
_log = structlog.get_logger()


class Refusals:
    """Counts refusals by limit. The first is logged, and from then on how many there were meanwhile."""

    def __init__(self) -> None:
        self._unsaid: dict[str, int] = {}
        self._said: dict[str, float] = {}

    def note(self, limit: str) -> None:
        """A request was refused because of that limit."""
        _refused.labels(limit).inc()
        count = self._unsaid.get(limit, 0) + 1
        now = time.monotonic()
        if now - self._said.get(limit, -LOG_EVERY) >= LOG_EVERY:
            _log.warning("requests_refused", limit=limit, count=count)
            self._said[limit], count = now, 0
        self._unsaid[limit] = count
