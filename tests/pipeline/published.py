"""Rule sets, catalogues, rates and models to publish in tests."""

from collections.abc import Sequence
from importlib import resources

import msgspec

from riskengine.domain.errors import ConfigurationError
from riskengine.domain.release import Kind, Publication
from riskengine.pipeline import listed
from riskengine.pipeline.building import Builder
from riskengine.pipeline.publishing import Publishing
from riskengine.scoring.engine import Engine
from riskengine.scoring.features import catalogue as catalogues
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.rules import ruleset as rulesets
from riskengine.storage.database import Database

STARTER = Engine.starter()


class NamesModel(msgspec.Struct, frozen=True):
    """A model whose bundle names the features it needs, separated by spaces; it scores everything 0."""

    version: int

    def score(self, vectors: Sequence[Sequence[float]]) -> Sequence[float | None]:
        return [0.0 for _ in vectors]

    def influences(self, vector: Sequence[float]) -> Sequence[tuple[str, float]]:
        return []


def open_model(bundle: bytes, version: int, catalogue: Catalogue) -> NamesModel:
    """Refuses a bundle that needs what the catalogue does not have."""
    for name in bundle.decode().split():
        if name not in catalogue.names:
            raise ConfigurationError(f"the model needs the feature {name}, which the catalogue does not have")
    return NamesModel(version)


def builder(database: Database) -> Builder:
    """Makes engines with these models."""
    return Builder(database, open_model, listed.load)


def publishing(database: Database, *, approval: bool = False) -> Publishing:
    """Publishes with these models; every feature is filled."""
    return Publishing(database, builder(database), approval=approval)


async def publish(database: Database, kind: Kind, content: bytes) -> Publication:
    """Publishes without a second person."""
    by_one = publishing(database)
    draft = await by_one.draft(kind, content, "ann")
    return await by_one.publish(draft.draft_id, "ann")


def marked(number: int, expression: str = "amount > 0") -> bytes:
    """The starter rule set with a rule RULE_MARK_<number>, which always fires unless told otherwise."""
    first = STARTER.ruleset.rules[0]
    mark = msgspec.structs.replace(
        first, id=f"RULE_MARK_{number}", expression=expression, description="Marks", reason="Marks", impact=0.0
    )
    return rulesets.dump(msgspec.structs.replace(STARTER.ruleset, rules=(*STARTER.ruleset.rules, mark))).encode()


def catalogue_without(*names: str) -> bytes:
    """The starter catalogue without some features."""
    features = tuple(feature for feature in STARTER.catalogue.features if feature.name not in names)
    return catalogues.dump(msgspec.structs.replace(STARTER.catalogue, features=features)).encode()


def catalogue_with(name: str) -> bytes:
    """The starter catalogue with one more feature: another name for its last one."""
    more = msgspec.structs.replace(STARTER.catalogue.features[-1], name=name)
    features = (*STARTER.catalogue.features, more)
    return catalogues.dump(msgspec.structs.replace(STARTER.catalogue, features=features)).encode()


def rates(**changed: object) -> bytes:
    """The starter rates with other values."""
    return msgspec.yaml.encode(msgspec.structs.replace(STARTER.rates, **changed))


def shipped(name: str) -> bytes:
    """A shipped file."""
    return (resources.files("riskengine.scoring") / "data" / f"{name}.yaml").read_bytes()
