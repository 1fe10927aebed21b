"""Bundles that must not decide: each of CASES raises what refusals.txt says of it."""

import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import msgspec
import numpy as np
from onnx import TensorProto, helper, numpy_helper

from riskengine.models import archive, bundle
from riskengine.models.calibration import Isotonic, Platt
from riskengine.models.manifest import Output
from tests.models.bundles import CATALOGUE, INTERCEPT, REFERENCES, WEIGHTS, logistic, model, packed
from tests.models.test_external_data import external


def opened(content: bytes) -> None:
    bundle.open_bundle(content, 1, CATALOGUE)


def zipped(members: Sequence[tuple[str, bytes]]) -> bytes:
    """A zip of any members."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content)
    return file.getvalue()


def manifest_with(**changed: Any) -> bytes:
    """A bundle whose bundle.yaml was changed by hand."""
    members = archive.read(packed())
    said = msgspec.yaml.decode(members[archive.MANIFEST]) | changed
    return archive.write(members | {archive.MANIFEST: msgspec.yaml.encode(said)})


def no_zip() -> None:
    opened(b"not a zip at all")


def damaged_zip() -> None:
    content = bytearray(packed())
    content[200] ^= 0xFF
    opened(bytes(content))


def large_bundle() -> None:
    opened(packed() + bytes(archive.LARGEST_BUNDLE))


def zip_bomb() -> None:
    opened(zipped([("model.onnx", b""), ("bundle.yaml", bytes(archive.LARGEST["bundle.yaml"] + 1))]))


def large_model() -> None:
    packed(bytes(archive.LARGEST["model.onnx"] + 1))


def no_manifest() -> None:
    opened(zipped([("model.onnx", logistic())]))


def no_model() -> None:
    opened(zipped([("bundle.yaml", b"")]))


def extra_member() -> None:
    opened(zipped([*archive.read(packed()).items(), ("../evil.py", b"")]))


def member_twice() -> None:
    opened(zipped([("model.onnx", b""), ("bundle.yaml", b""), ("model.onny", b"")]).replace(b"onny", b"onnx"))


def manifest_no_yaml() -> None:
    opened(zipped([("model.onnx", logistic()), ("bundle.yaml", b"{")]))


def manifest_with_unknown_field() -> None:
    opened(manifest_with(trust="me"))


def manifest_without_card() -> None:
    opened(manifest_with(card=None))


def deadline_too_long() -> None:
    packed(deadline_ms=1_000_000)


def feature_twice() -> None:
    said = bundle.read(packed()).manifest.features[0]
    opened(manifest_with(features=[msgspec.to_builtins(said)] * 2))


def reference_not_finite() -> None:
    packed(references=REFERENCES | {"count_1h": float("nan")})


def unknown_feature_packed() -> None:
    packed(references=REFERENCES | {"shoe_size": 42.0})


def unknown_feature_opened() -> None:
    less = msgspec.structs.replace(CATALOGUE, version=9, features=CATALOGUE.features[:2])
    bundle.open_bundle(packed(), 1, less)


def feature_defined_otherwise() -> None:
    other = [msgspec.structs.replace(f, window="10m") if f.name == "count_1h" else f for f in CATALOGUE.features]
    bundle.open_bundle(packed(), 1, msgspec.structs.replace(CATALOGUE, version=9, features=tuple(other)))


def platt_not_finite() -> None:
    packed(calibration=Platt(float("inf"), 0.0))


def platt_not_finite_opened() -> None:
    opened(manifest_with(calibration={"method": "platt", "a": float("nan"), "b": 0.0}))


def isotonic_not_rising() -> None:
    packed(calibration=Isotonic((0.0, 0.0), (0.0, 1.0)))


def isotonic_falling() -> None:
    packed(calibration=Isotonic((0.0, 1.0), (1.0, 0.5)))


def isotonic_uneven() -> None:
    packed(calibration=Isotonic((0.0, 1.0), (1.0,)))


def calibration_unknown() -> None:
    opened(manifest_with(calibration={"method": "magic"}))


def no_onnx() -> None:
    opened(packed(b"no model"))


def no_protobuf() -> None:
    opened(packed(b"location" + logistic()))


def external_data() -> None:
    opened(packed(model([helper.make_node("Constant", [], ["probability"], value=external())])))


def opset_of_tomorrow() -> None:
    opened(packed(model(_IDENTITY, opsets=[helper.make_opsetid("", 999)])))


def operator_of_others() -> None:
    nodes = [helper.make_node("Magic", ["x"], ["probability"], domain="com.example")]
    opened(packed(model(nodes, opsets=[helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)])))


def fewer_features_than_inputs() -> None:
    opened(packed(logistic((*WEIGHTS, 1.0, 1.0))))


def other_width_behind_an_open_shape() -> None:
    weights = [numpy_helper.from_array(np.ones((5, 1), dtype=np.float32), "w")]
    free = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, None])
    opened(packed(model([helper.make_node("MatMul", ["x", "w"], ["probability"])], weights, inputs=[free])))


def two_inputs() -> None:
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 3]) for name in "xy"]
    opened(packed(model([helper.make_node("Add", ["x", "y"], ["probability"])], inputs=inputs)))


def input_of_doubles() -> None:
    double = [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [None, 3])]
    outputs = [helper.make_tensor_value_info("probability", TensorProto.DOUBLE, [None, 3])]
    opened(packed(model(_IDENTITY, inputs=double, outputs=outputs)))


def fixed_number_of_rows() -> None:
    fixed = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])]
    outputs = [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [1, 3])]
    opened(packed(model(_IDENTITY, inputs=fixed, outputs=outputs)))


def other_output() -> None:
    opened(packed(output=Output("probabilities", 1)))


def output_of_labels() -> None:
    cast = [helper.make_node("Cast", ["x"], ["probability"], to=TensorProto.INT64)]
    opened(packed(model(cast, outputs=[helper.make_tensor_value_info("probability", TensorProto.INT64, [None, 3])])))


def output_without_that_column() -> None:
    opened(packed(output=Output("probability", 1)))


def output_without_that_column_behind_an_open_shape() -> None:
    free = helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, None])
    opened(packed(model(_IDENTITY, outputs=[free]), output=Output("probability", 3)))


def no_number() -> None:
    opened(packed(logistic((float("nan"), 0.0, 0.0))))


def no_probability() -> None:
    opened(packed(model(_IDENTITY, outputs=_THREE), output=Output("probability", 1)))


def rows_that_look_at_each_other() -> None:
    softmax = [helper.make_node("Softmax", ["x"], ["probability"], axis=0)]
    opened(packed(model(softmax, outputs=_THREE)))


def never_ending() -> None:
    bundle.TRIAL_SECONDS, patience = 0.2, bundle.TRIAL_SECONDS
    try:
        opened(packed(_endless()))
    finally:
        bundle.TRIAL_SECONDS = patience


def _endless() -> bytes:
    """A model with a loop of 2^62 turns, the probability of the logistic regression at its end."""
    turn = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["kept"], ["keeps"])],
        "turn",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("kept", TensorProto.FLOAT, [None, 1]),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("keeps", TensorProto.FLOAT, [None, 1]),
        ],
    )
    weights = [
        numpy_helper.from_array(np.float32([WEIGHTS]), "w"),
        numpy_helper.from_array(np.float32([INTERCEPT]), "b"),
        numpy_helper.from_array(np.int64(2**62), "turns"),
        numpy_helper.from_array(np.bool_(True), "yes"),
    ]
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["sum"], transB=1),
        helper.make_node("Loop", ["turns", "yes", "sum"], ["looped"], body=turn),
        helper.make_node("Sigmoid", ["looped"], ["probability"]),
    ]
    return model(nodes, weights)


_IDENTITY = [helper.make_node("Identity", ["x"], ["probability"])]
_THREE = [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 3])]

CASES: tuple[Callable[[], None], ...] = (
    no_zip,
    damaged_zip,
    large_bundle,
    zip_bomb,
    large_model,
    no_manifest,
    no_model,
    extra_member,
    member_twice,
    manifest_no_yaml,
    manifest_with_unknown_field,
    manifest_without_card,
    deadline_too_long,
    feature_twice,
    reference_not_finite,
    unknown_feature_packed,
    unknown_feature_opened,
    feature_defined_otherwise,
    platt_not_finite,
    platt_not_finite_opened,
    isotonic_not_rising,
    isotonic_falling,
    isotonic_uneven,
    calibration_unknown,
    no_onnx,
    no_protobuf,
    external_data,
    opset_of_tomorrow,
    operator_of_others,
    fewer_features_than_inputs,
    other_width_behind_an_open_shape,
    two_inputs,
    input_of_doubles,
    fixed_number_of_rows,
    other_output,
    output_of_labels,
    output_without_that_column,
    output_without_that_column_behind_an_open_shape,
    no_number,
    no_probability,
    rows_that_look_at_each_other,
    never_ending,
)
