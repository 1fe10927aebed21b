"""Weights in other files are found wherever a model may name them."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from riskengine.models.external_data import has_external_data
from tests.models.bundles import linear, logistic, model, trees


def external() -> TensorProto:
    tensor = numpy_helper.from_array(np.zeros(2, dtype=np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/hostname")
    return tensor


def _as_initializer() -> bytes:
    return model([], [external()])


def _as_constant() -> bytes:
    return model([helper.make_node("Constant", [], ["w"], value=external())])


def _in_a_list() -> bytes:
    node = helper.make_node("Many", [], ["w"])
    node.attribute.append(helper.make_attribute("values", [external()]))
    return model([node])


def _in_a_branch() -> bytes:
    branch = helper.make_graph([helper.make_node("Constant", [], ["w"], value=external())], "branch", [], [])
    return model([helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)])


def _sparse() -> bytes:
    indices = numpy_helper.from_array(np.zeros(2, dtype=np.int64), "i")
    made = onnx.ModelProto.FromString(model([]))
    made.graph.sparse_initializer.append(helper.make_sparse_tensor(external(), indices, [4]))
    return made.SerializeToString()


def _in_a_function() -> bytes:
    made = onnx.ModelProto.FromString(model([]))
    node = helper.make_node("Constant", [], ["w"], value=external())
    made.functions.append(helper.make_function("d", "F", [], ["w"], [node], []))
    return made.SerializeToString()


@pytest.mark.parametrize(
    "made", [_as_initializer, _as_constant, _in_a_list, _in_a_branch, _sparse, _in_a_function], ids=lambda f: f.__name__
)
def test_it_is_found(made: Callable[[], bytes]) -> None:
    assert has_external_data(made())


def test_models_without_have_none() -> None:
    assert not any(map(has_external_data, (logistic(), trees(), linear(3))))


def test_a_name_is_no_external_data() -> None:
    assert not has_external_data(model([helper.make_node("Identity", ["x"], ["location"], name="location")]))


@given(st.binary(max_size=200))
def test_whatever_it_reads_it_answers_or_refuses(noise: bytes) -> None:
    for content in (noise, noise + b"location", _as_constant()[: len(noise)] + noise + b"location"):
        try:
            assert has_external_data(content) in {True, False}
        except ValueError:
            continue
