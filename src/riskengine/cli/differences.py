"""What is different between two versions, as people speak of it: by rule, by feature, by currency."""

import hashlib
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from riskengine.domain.release import Kind
from riskengine.models import bundle
from riskengine.pipeline import contents
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.money import Rates
from riskengine.scoring.rules import writing
from riskengine.scoring.rules.ruleset import RuleSet

Sections = dict[str, dict[str, Any]]
"""What a version holds, by what it is called; of each, its fields."""


class FieldChange(msgspec.Struct, frozen=True):
    """A field whose value is another; None: it has none."""

    field: str
    old: Any
    new: Any


class Difference(msgspec.Struct, frozen=True):
    """Something that was added, removed or changed, and its fields that are different."""

    what: str
    change: Literal["added", "removed", "changed"]
    fields: tuple[FieldChange, ...] = ()


def between(kind: Kind, old: bytes | None, new: bytes | None) -> list[Difference]:
    """From one content to the other; None: there is none. The numbers of the versions do not count.

    Raises ConfigurationError if one cannot be read.
    """
    before, after = _sections(kind, old), _sections(kind, new)
    found = [Difference(name, "removed") for name in before if name not in after]
    for name, fields in after.items():
        changes = tuple(_changes(before.get(name, {}), fields))
        if name not in before:
            found.append(Difference(name, "added", changes))
        elif changes:
            found.append(Difference(name, "changed", changes))
    if [name for name in before if name in after] != [name for name in after if name in before]:
        found.append(Difference("the order", "changed"))
    return found


def summary(kind: Kind, content: bytes) -> str:
    """How much a content holds, such as `17 rules`. Raises ConfigurationError if it cannot be read."""
    if kind is Kind.MODEL:
        said = bundle.read(content).manifest
        return f"model {said.name}, {len(said.features)} features"
    match contents.load(kind, content):
        case RuleSet(rules=rules):
            return f"{len(rules)} rules"
        case Catalogue(features=features):
            return f"{len(features)} features"
        case Rates(rates=rates):
            return f"{len(rates)} rates"


def _changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[FieldChange]:
    for field in dict.fromkeys([*old, *new]):
        if old.get(field) != new.get(field):
            yield FieldChange(field, old.get(field), new.get(field))


def _sections(kind: Kind, content: bytes | None) -> Sections:
    if content is None:
        return {}
    if kind is Kind.MODEL:
        return _of_model(content)
    match contents.load(kind, content):
        case RuleSet() as ruleset:
            whole = {name: writing.struct(getattr(ruleset, name)) for name in _WHOLE}
            return whole | {f"rule {rule.id}": writing.struct(rule) for rule in ruleset.rules}
        case Catalogue(features=features):
            return {f"feature {feature.name}": msgspec.to_builtins(feature) for feature in features}
        case Rates() as rates:
            table = {"table": {"as_of": rates.as_of, "base": rates.base}}
            return table | {f"rate of {currency}": {"rate": rate} for currency, rate in rates.rates.items()}


_WHOLE = ("weights", "weights_without_model", "thresholds")


def _of_model(content: bytes) -> Sections:
    found = bundle.read(content)
    said = msgspec.to_builtins(found.manifest)
    card, features = said.pop("card"), said.pop("features")
    files = {"model.onnx": found.model, "card.md": found.card.encode()}
    return {
        "bundle": said,
        "card": card,
        **{f"feature {feature['name']}": feature for feature in features},
        **{name: {"sha256": hashlib.sha256(file).hexdigest(), "bytes": len(file)} for name, file in files.items()},
    }
