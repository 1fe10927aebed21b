"""A stack whose metrics are watched: every scrape of its processes is kept, and what has moved is known."""

import math
from collections.abc import Callable, Mapping

import httpx
import msgspec

from riskengine.operations.exposition import Exposition, parse
from riskengine.stack.stack import Stack
from riskengine.stack.standing import Targets
from tests.stack.waiting import until

QUICKLY = 2.0
"""Seconds in which a scrape is answered, whatever is away: a fifth of what Prometheus waits."""


class Watch:
    """Scrapes what a stack names to Prometheus. `moved` are the metrics of which some value was above zero once."""

    def __init__(self, stack: Stack) -> None:
        assert stack.data_dir is not None
        named = msgspec.json.decode((stack.data_dir / "prometheus.targets.json").read_bytes(), type=list[Targets])
        self._places = {one.labels["process"]: one.targets[0] for one in named}
        assert set(self._places) == {part.process.name for part in (*stack.api, *stack.workers)}
        self.names: set[str] = set()
        self.moved: set[str] = set()

    def look(self) -> Mapping[str, Exposition]:
        """What each process shows now, by its name."""
        return {name: self._scrape(place) for name, place in self._places.items()}

    def until(self, condition: Callable[[Mapping[str, Exposition]], object], what: str) -> None:
        """Looks again and again until that is so."""
        until(lambda: bool(condition(self.look())), what)

    def _scrape(self, place: str) -> Exposition:
        answer = httpx.get(f"http://{place}/metrics", timeout=QUICKLY)
        assert answer.status_code == 200
        found = parse(answer.text)
        metrics = (name for name in found.metrics if not name.endswith("_created"))  # tells only when others began
        ours = {name for name in metrics if name.startswith("riskengine_")}
        self.names |= ours
        self.moved |= {name for name in ours if _positive(found, name) or _positive(found, f"{name}_count")}
        return found


def value(shown: Exposition, name: str, **labels: str) -> float:
    """The sum of the samples that have these labels."""
    wanted = set(labels.items())
    return sum(number for series, number in shown.of(name).items() if wanted <= set(series.labels))


def _positive(shown: Exposition, name: str) -> bool:
    return any(number > 0 and math.isfinite(number) for number in shown.of(name).values())
