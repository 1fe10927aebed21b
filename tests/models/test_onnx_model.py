"""A model behind its port: right, the same in any batch, in time or not at all."""

import math
import random
import struct
from collections.abc import Callable, Sequence
from threading import Event, Semaphore

import msgspec
import pytest
from prometheus_client import REGISTRY

from riskengine.models.bundle import open_bundle
from riskengine.models.calibration import Calibration, Isotonic, Platt
from riskengine.models.manifest import Output
from riskengine.models.onnx_model import OnnxModel
from riskengine.resilience.breaker import Breaker, Limits, State
from riskengine.scoring.features import catalogue as catalogues
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.model import Model
from tests.clock import Clock
from tests.models.bundles import CATALOGUE, INTERCEPT, REFERENCES, linear, packed, trees

VECTOR = (400.0, 3.0, 2.0, 1.0)
"""amount_base, hour, count_1h, is_new_device"""


class Scripted:
    """A predictor that does what a test says."""

    def __init__(self, predict: Callable[[Sequence[Sequence[float]]], list[float]]) -> None:
        self.predict = predict
        self.stopped = 0

    def stop(self) -> None:
        self.stopped += 1


def sigmoid(sum_: float) -> float:
    return 100 / (1 + math.exp(-sum_))


def opened(calibration: Calibration | None = None) -> OnnxModel:
    return open_bundle(packed(calibration=calibration), 7, CATALOGUE)


def scripted(
    predict: Callable[[Sequence[Sequence[float]]], list[float]],
    deadline_ms: int = 1_000,
    breaker: Breaker | None = None,
) -> OnnxModel:
    manifest = msgspec.structs.replace(opened().manifest, deadline_ms=deadline_ms)
    return OnnxModel(manifest, 7, manifest.columns(CATALOGUE), Scripted(predict), breaker)


def counted(metric: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(metric, labels) or 0.0


def test_a_logistic_regression_scores_what_it_says() -> None:
    model: Model = opened()

    scores = model.score([VECTOR, (50.0, 9.0, 1.0, 0.0)])

    # count_1h, amount_base and is_new_device, with the weights 0.5, 0.01 and 1
    assert model.version == 7
    assert scores == [pytest.approx(sigmoid(1 + 4 + 1 + INTERCEPT), abs=1e-4), pytest.approx(sigmoid(-2), abs=1e-4)]


def test_trees_score_what_they_say() -> None:
    model = open_bundle(packed(trees(), output=Output("probabilities", 1)), 1, CATALOGUE)

    rich_on_new_device, rich, neither = model.score([(900.0, 0, 0, 1.0), (900.0, 0, 0, 0.0), (5.0, 0, 0, 0.0)])

    expected = [sigmoid(1 + 2), sigmoid(1 - 1), sigmoid(-2 - 1)]
    assert [rich_on_new_device, rich, neither] == pytest.approx(expected, abs=1e-4)


def test_reference_values_stand_for_what_is_missing() -> None:
    model = opened()

    assert model.score([(math.nan,) * 4, (math.inf, 0, math.nan, 0)]) == model.score([(50.0, 9.0, 1.0, 0.0)] * 2)


def test_a_score_does_not_depend_on_the_batch() -> None:
    # Given a model that ONNX Runtime computes otherwise for one row than for many, and many vectors
    wide = _catalogue(60)
    model = open_bundle(packed(linear(60), references=dict.fromkeys(wide.names, 0.0), catalogue=wide), 1, wide)
    chance = random.Random(3)
    vectors = [_float32([chance.gauss(0, 1) for _ in range(60)]) for _ in range(200)]
    alone = [model.score([vector])[0] for vector in vectors]
    # When they are scored in batches of all sizes, in any order
    for size in (1, 2, 3, 15, 16, 17, 31, 32, 33, 100, 200):
        order = chance.sample(range(200), 200)
        together = [
            score for at in range(0, 200, size) for score in model.score([vectors[i] for i in order[at : at + size]])
        ]
        # Then each has the score that it has alone, to the last bit
        assert together == [alone[i] for i in order]


def test_calibration_is_applied() -> None:
    (raw,) = opened().score([VECTOR])
    assert raw is not None

    (platt,) = opened(Platt(a=-2.0, b=0.5)).score([VECTOR])
    (isotonic,) = opened(Isotonic(x=(0.0, 1.0), y=(0.0, 0.1))).score([VECTOR])

    assert platt == pytest.approx(sigmoid(2 * raw / 100 - 0.5), abs=1e-4)
    assert isotonic == pytest.approx(raw / 10, abs=1e-4)


def test_what_is_no_number_has_no_score_and_takes_it_from_no_other() -> None:
    before = counted("riskengine_model_degraded_total", cause="not_a_number")
    model = scripted(lambda vectors: [0.25, math.nan, math.inf, 1.5, 0.75])

    scores = model.score([VECTOR] * 5)

    assert scores == [25.0, None, None, None, 75.0]
    assert counted("riskengine_model_degraded_total", cause="not_a_number") - before == 3


def test_a_run_that_breaks_gives_no_scores_and_the_next_may() -> None:
    # Given a model that fails once
    answers = iter([ZeroDivisionError("broken"), TimeoutError("its own"), [0.5]])

    def predict(vectors: Sequence[Sequence[float]]) -> list[float]:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    before = counted("riskengine_model_degraded_total", cause="failed")
    model = scripted(predict)
    # Then only the broken runs have no scores
    assert model.score([VECTOR, VECTOR]) == [None, None]
    assert model.score([VECTOR]) == [None]
    assert model.score([VECTOR]) == [50.0]
    assert counted("riskengine_model_degraded_total", cause="failed") - before == 3


def test_a_late_run_gives_no_scores_and_nothing_waits_behind_it() -> None:
    # Given a model that does not answer until it is let go
    let_go, begun = Event(), 0

    def predict(vectors: Sequence[Sequence[float]]) -> list[float]:
        nonlocal begun
        begun += 1
        let_go.wait()
        return [0.5] * len(vectors)

    model = scripted(predict, deadline_ms=5)
    causes = ("late", "busy")
    before = [counted("riskengine_model_degraded_total", cause=cause) for cause in causes]
    # When batches come
    assert model.score([VECTOR, VECTOR]) == [None, None]
    assert model.score([VECTOR]) == [None]
    assert model.influences(VECTOR) == []
    # Then the first is late, and the others were never begun
    after = [counted("riskengine_model_degraded_total", cause=cause) for cause in causes]
    assert [now - then for now, then in zip(after, before, strict=True)] == [2, 1]
    assert begun == 1
    # And when it has ended, the model answers again
    let_go.set()
    while model.score([VECTOR]) != [50.0]:
        pass


def test_a_late_run_is_stopped() -> None:
    let_go = Event()
    slow = Scripted(lambda vectors: [0.5] if let_go.wait() else [])
    manifest = msgspec.structs.replace(opened().manifest, deadline_ms=5)

    OnnxModel(manifest, 7, [0, 1, 2], slow).score([VECTOR])

    assert slow.stopped == 1
    let_go.set()


class Moody:
    """Predictions that fail while the model is ill; `begun` counts the runs."""

    def __init__(self) -> None:
        self.ill = True
        self.begun = 0

    def __call__(self, vectors: Sequence[Sequence[float]]) -> list[float]:
        self.begun += 1
        if self.ill:
            raise ZeroDivisionError("broken")
        return [0.5] * len(vectors)


def test_a_model_that_fails_again_and_again_is_skipped_and_then_tried_by_single_batches() -> None:
    # Given a model that fails three times
    clock, predict = Clock(), Moody()
    breaker = Breaker("model", Limits(failures=3, open_ms=1_000, probes=1), clock)
    model = scripted(predict, breaker=breaker)
    causes = ("failed", "open")
    before = [counted("riskengine_model_degraded_total", cause=cause) for cause in causes]
    for _ in range(3):
        assert model.score([VECTOR]) == [None]
    # When more batches come, then it is not run for them
    assert [model.score([VECTOR, VECTOR]) for _ in range(10)] == [[None, None]] * 10
    assert predict.begun == 3
    after = [counted("riskengine_model_degraded_total", cause=cause) for cause in causes]
    assert [now - then for now, then in zip(after, before, strict=True)] == [3, 20]
    # And after a while one tries, in vain
    clock.seconds += 1
    assert model.score([VECTOR]) == model.score([VECTOR]) == [None]
    assert predict.begun == 4
    # And when it is well, the next that tries gets its scores, and so do all
    predict.ill = False
    assert model.score([VECTOR]) == [None]
    clock.seconds += 1
    assert [model.score([VECTOR]) for _ in range(3)] == [[50.0]] * 3
    assert breaker.state is State.CLOSED


def test_a_model_that_is_late_again_and_again_is_skipped() -> None:
    # Given a model that ends each run only when it is let go
    let_go, ended = Event(), Semaphore(0)

    def predict(vectors: Sequence[Sequence[float]]) -> list[float]:
        let_go.wait()
        ended.release()
        return [0.5] * len(vectors)

    clock = Clock()
    breaker = Breaker("model", Limits(failures=2, open_ms=1_000), clock)
    model = scripted(predict, deadline_ms=5, breaker=breaker)
    # When a batch is late, and many come while that run goes on
    for _ in range(5):
        assert model.score([VECTOR]) == [None]
    # Then one late run is not many
    assert breaker.state is State.CLOSED
    # But when the next run is late, too, then it is skipped
    let_go.set()
    ended.acquire()
    let_go.clear()
    while breaker.state is State.CLOSED:
        model.score([VECTOR])
    # And tried later
    let_go.set()
    ended.acquire()
    clock.seconds += 1
    while breaker.state is not State.CLOSED:
        model.score([VECTOR])
        clock.seconds += 1


def test_explanations_do_not_run_a_model_that_is_skipped_nor_judge_it() -> None:
    # Given a model that fails when it explains
    clock, predict = Clock(), Moody()
    breaker = Breaker("model", Limits(failures=1, open_ms=1_000), clock)
    model = scripted(predict, breaker=breaker)
    assert [model.influences(VECTOR) for _ in range(3)] == [[]] * 3
    # Then that opens nothing
    assert breaker.state is State.CLOSED
    # When it fails to score
    model.score([VECTOR])
    runs = predict.begun
    # Then explanations go without it, also while a batch is still to try it
    clock.seconds += 1
    breaker.call()
    assert breaker.state is State.HALF_OPEN
    assert model.influences(VECTOR) == []
    assert predict.begun == runs


def test_without_a_breaker_it_is_always_run() -> None:
    predict = Moody()
    model = scripted(predict)

    for _ in range(50):
        model.score([VECTOR])

    assert predict.begun == 50


def test_what_is_scored_is_counted_and_timed() -> None:
    model = opened()
    metrics = ("riskengine_model_scored_total", "riskengine_model_seconds_count")
    before = [counted(metric) for metric in metrics]

    model.score([VECTOR, VECTOR])
    model.score([])

    assert [counted(metric) - then for metric, then in zip(metrics, before, strict=True)] == [2, 1]


def test_influences_are_what_each_feature_made_of_the_score() -> None:
    model = opened()

    found = dict(model.influences(VECTOR))

    # Then each is the difference to the score with the reference value, and the hour, which is no input, is not there
    whole = sigmoid(3)
    assert found == {
        "amount_base": pytest.approx(whole - sigmoid(3 - 3.5), abs=2e-4),
        "is_new_device": pytest.approx(whole - sigmoid(2), abs=2e-4),
        "count_1h": pytest.approx(whole - sigmoid(2.5), abs=2e-4),
    }
    assert list(found) == ["amount_base", "is_new_device", "count_1h"]


def test_influences_may_be_negative_and_are_sorted_by_size() -> None:
    found = opened().influences((400.0, 3.0, -9.0, 1.0))

    assert dict(found)["count_1h"] < 0 < dict(found)["amount_base"]
    assert [abs(points) for _, points in found] == sorted((abs(points) for _, points in found), reverse=True)


def test_a_transaction_that_is_usual_in_all_has_no_influences() -> None:
    usual = [REFERENCES.get(name, 9.0) for name in CATALOGUE.names]

    assert opened().influences(usual) == []
    assert opened().influences([math.nan] * 4) == []


def _catalogue(features: int) -> Catalogue:
    listed = "".join(
        f"  - {{name: f{n}, aggregate: own, of: amount, unit: x, description: made up}}\n" for n in range(features)
    )
    return catalogues.load(f"version: 1\nfeatures:\n{listed}")


def _float32(values: list[float]) -> tuple[float, ...]:
    """As vectors of features are: rounded to 32 bits."""
    return struct.unpack(f"{len(values)}f", struct.pack(f"{len(values)}f", *values))
