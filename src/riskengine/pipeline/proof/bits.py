"""Comparing to the last bit, quickly: whole vectors first, and value by value only where they are not the same."""

import math
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from struct import Struct

import msgspec

from riskengine.domain.decision import Verdict
from riskengine.scoring.features.catalogue import Catalogue, Feature
from riskengine.scoring.features.compiler import Vector

_DOUBLE = Struct("=d").pack
_VERDICT = Struct("=7d").pack


class Unlike(msgspec.Struct, frozen=True):
    """A field with two values that are not the same."""

    field: str
    stored: object
    replayed: object


class Selection:
    """Some features of a catalogue, in its order: the `names` of those that are wanted."""

    def __init__(self, catalogue: Catalogue, wanted: Callable[[Feature], bool]) -> None:
        places = [n for n, feature in enumerate(catalogue.features) if wanted(feature)]
        self.names = tuple(catalogue.names[n] for n in places)
        self._of = _picker(places)
        self._pack = Struct(f"{len(places)}f").pack

    def unlike(self, stored: Vector, replayed: Vector) -> list[Unlike]:
        """The selected features that do not have the same 32 bits. A missing value is the same as a missing value."""
        one, other = self._of(stored), self._of(replayed)
        if self._pack(*one) == self._pack(*other):
            return []
        return [Unlike(*named) for named in zip(self.names, one, other, strict=True) if not _same(named[1], named[2])]


def unlike(stored: Verdict, replayed: Verdict) -> Iterator[Unlike]:
    """What two verdicts on the same features do not agree on."""
    if _numbers(stored) != _numbers(replayed):
        for field in ("rules", "behaviour", "model", "rules_weight", "behaviour_weight", "model_weight"):
            one, other = getattr(stored.parts, field), getattr(replayed.parts, field)
            if not _same(one, other):
                yield Unlike(f"parts.{field}", one, other)
        if not _same(stored.score, replayed.score):
            yield Unlike("score", stored.score, replayed.score)
    for field in ("level", "outcome", "rules", "shadow", "degraded"):
        one, other = getattr(stored, field), getattr(replayed, field)
        if one != other:
            yield Unlike(field, one, other)


def _picker(places: Sequence[int]) -> Callable[[Vector], Vector]:
    if len(places) > 1:
        return itemgetter(*places)  # which gives a tuple only of two and more
    return lambda vector: tuple(vector[n] for n in places)


def _numbers(verdict: Verdict) -> tuple[bytes, bool]:
    """All numbers of a verdict but the features, as bits."""
    p = verdict.parts
    model = math.nan if p.model is None else p.model
    weights = (p.rules_weight, p.behaviour_weight, p.model_weight)
    return _VERDICT(verdict.score, p.rules, p.behaviour, model, *weights), p.model is None


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return _DOUBLE(one) == _DOUBLE(other) or (math.isnan(one) and math.isnan(other))
