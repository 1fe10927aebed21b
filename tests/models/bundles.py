"""Models for tests, made of ONNX nodes: real ones, and ones that a bundle must not hold."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from riskengine.models import bundle
from riskengine.models.manifest import Card, Output
from riskengine.scoring.features import catalogue as catalogues

CATALOGUE = catalogues.load(
    """
    version: 3
    features:
      - {name: amount_base, aggregate: own, of: amount, unit: base currency, description: Amount}
      - {name: hour, aggregate: own, of: hour, unit: 0 to 23, description: Hour}
      - {name: count_1h, aggregate: count, window: 1h, unit: transactions, description: Count}
      - {name: is_new_device, aggregate: new, of: device, window: 30d, unit: 0 or 1, description: New device}
    """
)
REFERENCES = {"count_1h": 1.0, "amount_base": 50.0, "is_new_device": 0.0}
"""The features of the models here, in the order of their input, which is not that of the catalogue."""

WEIGHTS = (0.5, 0.01, 1.0)
INTERCEPT = -3.0
CARD = Card("made up", date(2026, 1, 31), {"auc": 0.5}, "tests", "knows nothing")
PATIENT_MS = 1_000
"""The longest deadline: in tests that are not about it, nothing is to be late."""


def logistic(weights: Sequence[float] = WEIGHTS, intercept: float = INTERCEPT) -> bytes:
    """A logistic regression: one column, the probability."""
    matrix = np.asarray(weights, dtype=np.float32)[None, :]
    return model(
        [
            helper.make_node("Gemm", ["x", "w", "b"], ["sum"], transB=1),
            helper.make_node("Sigmoid", ["sum"], ["probability"]),
        ],
        [numpy_helper.from_array(matrix, "w"), numpy_helper.from_array(np.float32([intercept]), "b")],
        features=len(weights),
    )


def linear(features: int) -> bytes:
    """A linear regression as scikit-learn exports it: ONNX Runtime has other last bits for one row than for many."""
    weights = np.random.default_rng(7).normal(size=features) / 10
    node = helper.make_node(
        "LinearRegressor", ["x"], ["sum"], domain="ai.onnx.ml", coefficients=weights, intercepts=[0.1], targets=1
    )
    return model([node, helper.make_node("Sigmoid", ["sum"], ["probability"])], features=features)


def trees() -> bytes:
    """Two trees as LightGBM exports them: labels, and the probabilities of both classes."""
    node = helper.make_node(
        "TreeEnsembleClassifier",
        ["x"],
        ["label", "probabilities"],
        domain="ai.onnx.ml",
        nodes_treeids=[0, 0, 0, 1, 1, 1],
        nodes_nodeids=[0, 1, 2, 0, 1, 2],
        nodes_featureids=[1, 0, 0, 2, 0, 0],
        nodes_values=[500.0, 0.0, 0.0, 0.5, 0.0, 0.0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"] * 2,
        nodes_truenodeids=[1, 0, 0, 1, 0, 0],
        nodes_falsenodeids=[2, 0, 0, 2, 0, 0],
        nodes_missing_value_tracks_true=[0] * 6,
        nodes_hitrates=[1.0] * 6,
        class_treeids=[0, 0, 1, 1],
        class_nodeids=[1, 2, 1, 2],
        class_ids=[0, 0, 0, 0],
        class_weights=[-2.0, 1.0, -1.0, 2.0],
        classlabels_int64s=[0, 1],
        post_transform="LOGISTIC",
    )
    label = helper.make_tensor_value_info("label", TensorProto.INT64, [None])
    table = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])
    return model([node], outputs=[label, table])


def model(
    nodes: Sequence[onnx.NodeProto],
    weights: Sequence[onnx.TensorProto] = (),
    features: int = len(REFERENCES),
    **other: Any,
) -> bytes:
    """An ONNX model of these nodes, from `x` to `probability`; `other` are inputs, outputs or opsets of its own."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, features])
    y = helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph(nodes, "test", other.get("inputs", [x]), other.get("outputs", [y]), weights)
    opsets = other.get("opsets", [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)])
    made: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
    return made


def packed(content: bytes | None = None, **other: Any) -> bytes:
    """A bundle of a model (the logistic regression if not given)."""
    said: dict[str, Any] = {
        "references": REFERENCES,
        "catalogue": CATALOGUE,
        "name": "test",
        "output": Output("probability"),
        "card": CARD,
        "deadline_ms": PATIENT_MS,
    }
    return bundle.pack(logistic() if content is None else content, **(said | other))
