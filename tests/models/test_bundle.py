"""Bundles: what is packed is what is opened, and what must not decide is refused."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from riskengine.domain.errors import ConfigurationError
from riskengine.models import bundle, manifest
from riskengine.models.bundle import open_bundle
from riskengine.models.calibration import Isotonic, Platt
from riskengine.models.manifest import Output
from tests.models import refused
from tests.models.bundles import CARD, CATALOGUE, REFERENCES, logistic, packed

GOLDEN = Path(__file__).parent / "refusals.txt"


def test_what_is_packed_is_what_is_read() -> None:
    content = packed(calibration=Platt(-1.0, 2.0), deadline_ms=33, more="# More\n")

    found = bundle.read(content)

    said = found.manifest
    assert (found.model, found.card, said.name, said.catalogue) == (logistic(), "# More\n", "test", 3)
    assert {feature.name: feature.reference for feature in said.features} == REFERENCES
    assert [feature.name for feature in said.features] == list(REFERENCES)
    assert (said.calibration, said.deadline_ms, said.card) == (Platt(-1.0, 2.0), 33, CARD)
    assert said.output == Output("probability", 0)


def test_the_same_content_gives_the_same_bytes() -> None:
    assert packed() == packed()
    assert packed() != packed(deadline_ms=7)


def test_a_later_catalogue_will_do_while_the_features_mean_the_same() -> None:
    # Given a catalogue with a feature more, another order, and other words
    more = msgspec.structs.replace(CATALOGUE.features[1], name="count_again", description="else", unit="else")
    renamed = [msgspec.structs.replace(feature, description="in other words") for feature in CATALOGUE.features]
    later = msgspec.structs.replace(CATALOGUE, version=4, features=(more, *reversed(renamed)))
    vector = dict.fromkeys(CATALOGUE.names, 2.0)
    # When the model is opened for it
    model = open_bundle(packed(), 1, later)
    # Then it finds its features there
    now, then = ([vector.get(name, 9.0) for name in one.names] for one in (later, CATALOGUE))
    assert model.score([now]) == open_bundle(packed(), 1, CATALOGUE).score([then])


@pytest.mark.parametrize("case", refused.CASES, ids=lambda case: case.__name__)
def test_what_must_not_decide_is_refused(case: Any) -> None:
    messages = dict(line.split(": ", 1) for line in GOLDEN.read_text().splitlines())

    with pytest.raises(ConfigurationError) as raised:
        case()

    said, _, rest = messages.pop(case.__name__).partition("...")
    assert str(raised.value).startswith(said)
    assert str(raised.value).endswith(rest)


def test_every_refusal_of_the_golden_file_is_tried() -> None:
    names = [line.partition(":")[0] for line in GOLDEN.read_text().splitlines()]

    assert names == [case.__name__ for case in refused.CASES]


def test_a_bundle_is_described_without_a_runtime_and_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given an installation without the extra
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    # Then a bundle is read all the same, and only opening it says what is missing
    assert bundle.read(packed()).manifest.name == "test"
    with pytest.raises(ConfigurationError, match=r"not installed here; install riskengine\[model\]"):
        open_bundle(packed(), 1, CATALOGUE)


def test_nothing_of_it_is_loaded_before_a_model_is() -> None:
    code = (
        "import sys; import riskengine.models.bundle, riskengine.models.onnx_model; "
        "print([name for name in ('onnxruntime', 'numpy', 'onnx') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_definitions_of_features_are_told_apart_by_all_but_words() -> None:
    amount, hour = CATALOGUE.features[:2]
    words = msgspec.structs.replace(amount, description="else", unit="else")

    assert manifest.definition(words) == manifest.definition(amount)
    assert manifest.definition(msgspec.structs.replace(amount, least=1)) != manifest.definition(amount)
    assert manifest.definition(hour) != manifest.definition(amount)


def test_a_model_may_give_a_plain_row_of_numbers_when_calibrated() -> None:
    # Given a model whose output is no probability, and of one dimension
    weights = numpy_helper.from_array(np.float32([1, 0, 0]), "w")
    made = refused.model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        [weights],
        outputs=[helper.make_tensor_value_info("y", TensorProto.FLOAT, [None])],
    )
    # When it is calibrated
    content = packed(made, output=Output("y"), calibration=Isotonic(x=(0.0, 10.0), y=(0.0, 1.0)))
    # Then it scores
    assert open_bundle(content, 1, CATALOGUE).score([(0.0, 0.0, 4.0, 0.0)]) == [40.0]
