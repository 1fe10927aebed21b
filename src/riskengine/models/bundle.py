"""Bundles: a model with all that is needed to let it decide, as one file.

`model.onnx` is the model, `bundle.yaml` the manifest (see `models.manifest`), `card.md` what else there is to say.
"""

from collections.abc import Mapping, Sequence

import msgspec

from riskengine.domain.errors import ConfigurationError
from riskengine.models import archive, manifest, predictor
from riskengine.models.calibration import Calibration, Uncalibrated
from riskengine.models.external_data import has_external_data
from riskengine.models.manifest import Card, Input, Manifest, Output
from riskengine.models.onnx_model import OnnxModel
from riskengine.models.predictor import TILE, OnnxPredictor
from riskengine.models.runner import Late, Runner
from riskengine.resilience.breaker import Breaker
from riskengine.scoring.features.catalogue import Catalogue

TRIAL_SECONDS = 5.0
"""How long the trial run of a new model may take. One that takes longer never ends, or is of no use here."""


class Bundle(msgspec.Struct, frozen=True):
    """A bundle that was read: what it says of its model, the model (ONNX), and the rest of the card (Markdown)."""

    manifest: Manifest
    model: bytes
    card: str


def pack(
    model: bytes,
    references: Mapping[str, float],
    catalogue: Catalogue,
    *,
    name: str,
    output: Output,
    card: Card,
    calibration: Calibration | None = None,
    deadline_ms: int = manifest.DEADLINE_MS,
    more: str = "",
) -> bytes:
    """A bundle of an ONNX model. The same content gives the same bytes.

    `references` gives each feature of the model's input, in order, with its median in training; `catalogue` is the one
    that the training data were computed by; `more` is text in Markdown. Raises ConfigurationError if it would be
    refused for what it says; the model is only tried by `open_bundle`.
    """
    features = {feature.name: feature for feature in catalogue.features}
    if unknown := [feature for feature in references if feature not in features]:
        raise ConfigurationError(f"catalogue {catalogue.version} has no feature {unknown[0]}; train without it")
    made = Manifest(
        name=name,
        catalogue=catalogue.version,
        features=tuple(Input(key, value, manifest.definition(features[key])) for key, value in references.items()),
        output=output,
        calibration=calibration or Uncalibrated(),
        deadline_ms=deadline_ms,
        card=card,
    )
    text = msgspec.yaml.encode(made)
    manifest.load(text)  # a struct that is made does not look at the bounds of its fields; one that is read does
    members = {archive.MODEL: model, archive.MANIFEST: text}
    return archive.write(members | ({archive.CARD: more.encode()} if more else {}))


def read(content: bytes) -> Bundle:
    """What a bundle holds; its model is not run. Raises ConfigurationError if it is not one."""
    members = archive.read(content)
    try:
        card = members.get(archive.CARD, b"").decode()
    except UnicodeDecodeError:
        raise ConfigurationError("card.md of the bundle is no text in UTF-8; save it as such") from None
    return Bundle(manifest.load(members[archive.MANIFEST]), members[archive.MODEL], card)


def open_bundle(content: bytes, version: int, catalogue: Catalogue, breaker: Breaker | None = None) -> OnnxModel:
    """The model of a bundle, ready for vectors of the catalogue: it was run, and gave a number.

    Without a breaker it is run however often it was late or failed.

    Raises ConfigurationError, and leaves nothing behind: what is wrong with the bundle or its model, or that ONNX
    Runtime is not installed.
    """
    bundle = read(content)
    said = bundle.manifest
    columns = said.columns(catalogue)
    predictor.libraries()
    _refuse_external_data(bundle.model)
    session = predictor.open_session(bundle.model)
    _refuse_other_inputs(session.get_inputs(), len(said.features))
    _refuse_other_outputs(session.get_outputs(), said.output)
    references = [feature.reference for feature in said.features]
    output = (said.output.name, said.output.column)
    _try(said, OnnxPredictor(session, output, range(len(references)), references))
    return OnnxModel(said, version, columns, OnnxPredictor(session, output, columns, references), breaker)


def _refuse_external_data(model: bytes) -> None:
    try:
        external = has_external_data(model)
    except ValueError as error:
        raise ConfigurationError(f"model.onnx is no ONNX model ({error}); export it again") from None
    if external:
        raise ConfigurationError("model.onnx keeps weights in other files; save it as one file, without external data")


def _refuse_other_inputs(inputs: Sequence[predictor.Port], features: int) -> None:
    if len(inputs) != 1:
        raise ConfigurationError(f"the model takes {len(inputs)} inputs; give it one, with a column for each feature")
    (only,) = inputs
    if only.type != "tensor(float)":
        raise ConfigurationError(f"the model's input is a {only.type}; it must be a tensor(float), 32 bits")
    if len(only.shape) != 2 or not (only.shape[0] is None or isinstance(only.shape[0], str)):
        raise ConfigurationError(
            f"the model's input has the shape {only.shape}; it must be [rows, features], for any number of rows"
        )
    if isinstance(only.shape[1], int) and only.shape[1] != features:
        raise ConfigurationError(
            f"the model's input has {only.shape[1]} columns, but bundle.yaml names {features} features; "
            "name them all, in order"
        )


def _refuse_other_outputs(outputs: Sequence[predictor.Port], wanted: Output) -> None:
    found = {output.name: output for output in outputs}
    if wanted.name not in found:
        raise ConfigurationError(
            f"the model has no output {wanted.name}; it has {', '.join(found)}; name one of these in bundle.yaml"
        )
    output = found[wanted.name]
    if output.type not in {"tensor(float)", "tensor(double)"}:
        raise ConfigurationError(
            f"the model's output {wanted.name} is a {output.type}; it must be a tensor of floats "
            "(from scikit-learn or LightGBM: convert with zipmap=False)"
        )
    shape = output.shape
    if len(shape) > 2 or (len(shape) == 2 and isinstance(shape[1], int) and wanted.column >= shape[1]):
        raise ConfigurationError(
            f"the model's output {wanted.name} has the shape {shape}; "
            f"it must be [rows, columns] with a column {wanted.column} (the first is 0)"
        )


def _try(said: Manifest, tried: OnnxPredictor) -> None:
    """Runs usual and unusual rows, together and each in other company. Raises ConfigurationError if they do not do."""
    usual = [feature.reference for feature in said.features]
    rows = [[value * (1 + place) + place for value in usual] for place in range(TILE)]
    try:
        runner = Runner("model-trial")
        together = runner.run(lambda: tried.predict(rows), TRIAL_SECONDS)
        apart = runner.run(lambda: [tried.predict([row])[0] for row in rows], TRIAL_SECONDS)
    except Late:
        tried.stop()
        raise ConfigurationError(f"the model took more than {TRIAL_SECONDS:g} s for {TILE} rows; simplify it") from None
    except Exception as error:
        raise ConfigurationError(f"the model failed when it was tried: {predictor.reason(error)}") from None
    probability = said.calibration.probability(together[0])
    if probability != probability:  # noqa: PLR0124
        raise ConfigurationError(
            f"the model gave {together[0]} for the reference values, which is no probability; "
            "export one that gives 0 to 1, or calibrate it"
        )
    if repr(together) != repr(apart):
        raise ConfigurationError(
            "the model's output for a row depends on the other rows; export it for inference, each row by itself"
        )
