"""A model as the engine wants it: scores in time or none, calibrated, and what moved them."""

import math
import time
from collections.abc import Sequence
from functools import partial

import structlog
from prometheus_client import Counter, Histogram

from riskengine.domain.errors import Unavailable
from riskengine.models.manifest import Manifest
from riskengine.models.predictor import Predictor
from riskengine.models.runner import Busy, Late, Runner
from riskengine.resilience.breaker import Breaker, State

DIGITS = 4
"""Decimals of a score: 32-bit outputs know no more."""

EXPLAINING_SECONDS = 0.25
"""How long an explanation may wait for its run: one for each feature and one more, in one batch."""

log = structlog.get_logger()

_seconds = Histogram(
    "riskengine_model_seconds",
    "Seconds that a batch waited for the model",
    buckets=(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0),
)
_scored = Counter("riskengine_model_scored_total", "Transactions that the model gave a score")
_degraded = Counter("riskengine_model_degraded_total", "Transactions that the model gave no score", ["cause"])
_CAUSES = ("late", "busy", "failed", "open", "not_a_number")


class OnnxModel:
    """A model of a bundle, behind `scoring.model.Model`. It has a thread of its own, for as long as it is held."""

    def __init__(
        self,
        manifest: Manifest,
        version: int,
        columns: Sequence[int],
        predictor: Predictor,
        breaker: Breaker | None = None,
    ) -> None:
        """`columns` say where the features of the manifest stand in vectors, in order.

        Without a breaker it is run however often it was late or failed: for those who rather wait than go without.
        """
        self._manifest = manifest
        self._version = version
        self._columns = tuple(columns)
        self._predictor = predictor
        self._runner = Runner(f"model-{version}")
        self._breaker = breaker
        self._told: set[str] = set()
        for cause in _CAUSES:
            _degraded.labels(cause)  # from 0: an alert sees the first one, too

    @property
    def version(self) -> int:
        """The number of its release."""
        return self._version

    @property
    def manifest(self) -> Manifest:
        """What its bundle says of it."""
        return self._manifest

    def score(self, vectors: Sequence[Sequence[float]]) -> list[float | None]:
        """A score of 0..100 for each vector, which does not depend on the others; None where there is none.

        A batch that is late, broken, or finds late work still going on has none at all, nor has one that comes while
        the breaker is open. Never raises.
        """
        if not vectors:
            return []
        began = time.perf_counter()
        scores = self._counted(vectors, self._manifest.deadline_ms / 1000)
        _seconds.observe(time.perf_counter() - began)
        if isinstance(scores, str):
            self._missed(scores, len(vectors))
            return [None] * len(vectors)
        without = scores.count(None)
        _scored.inc(len(scores) - without)
        if without:
            self._missed("not_a_number", without)
        return scores

    def influences(self, vector: Sequence[float]) -> list[tuple[str, float]]:
        """What each feature added to the score of a vector (points, negative for less), the largest first.

        The method is occlusion (Zeiler & Fergus 2014; of single features, Robnik-Sikonja & Kononenko 2008): the
        difference to the score with the feature's reference value in its place. It tells what this model would have
        said of a transaction that was usual in this one respect. It does not tell causes, the differences do not add
        up to the score, and where features say the same, each may seem to matter little, because the others stay.
        Features that made no difference are left out. Empty if the model does not answer, or its breaker is not closed:
        a batch is to try it, which has less time.
        """
        if self._breaker is not None and self._breaker.state is not State.CLOSED:
            return []
        variants = [list(vector)]
        for column in self._columns:
            variant = list(vector)
            variant[column] = math.nan  # the predictor puts the reference value there
            variants.append(variant)
        scores = self._attempt(variants, EXPLAINING_SECONDS)
        if isinstance(scores, str) or scores[0] is None:
            return []
        found = [
            (feature.name, round(scores[0] - without, DIGITS))
            for feature, without in zip(self._manifest.features, scores[1:], strict=True)
            if without is not None and without != scores[0]
        ]
        return sorted(found, key=lambda influence: (-abs(influence[1]), influence[0]))

    def _counted(self, vectors: Sequence[Sequence[float]], seconds: float) -> list[float | None] | str:
        """What `_attempt` gives, or `open` if the breaker refuses it."""
        if self._breaker is None:
            return self._attempt(vectors, seconds)
        try:
            call = self._breaker.call()
        except Unavailable:
            return "open"
        scores = self._attempt(vectors, seconds)
        if scores == "busy":
            call.abandoned()  # nothing was begun: a single late run keeps many short batches out
        elif isinstance(scores, str):
            call.failed()
        else:
            call.succeeded()
        return scores

    def _attempt(self, vectors: Sequence[Sequence[float]], seconds: float) -> list[float | None] | str:
        """The scores, or the cause for which there are none."""
        try:
            outputs = self._runner.run(partial(self._predictor.predict, vectors), seconds)
        except Late:
            self._predictor.stop()
            return "late"
        except Busy:
            return "busy"
        except Exception as error:
            self._tell("failed", str(error))
            return "failed"
        return [self._score(output) for output in outputs]

    def _score(self, output: float) -> float | None:
        probability = self._manifest.calibration.probability(output)
        return None if math.isnan(probability) else round(100 * probability, DIGITS)

    def _missed(self, cause: str, count: int) -> None:
        _degraded.labels(cause).inc(count)
        self._tell(cause)

    def _tell(self, cause: str, error: str | None = None) -> None:
        """Logs the first time of each cause: a model that always fails would fill the log. The metric counts on."""
        if cause not in self._told:
            self._told.add(cause)
            log.warning("model_degraded", model=self._version, name=self._manifest.name, cause=cause, error=error)
