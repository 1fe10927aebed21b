"""What releases hold, by kind: read from YAML. Bundles of models are not read here."""

from collections.abc import Callable

from riskengine.domain.errors import ConfigurationError
from riskengine.domain.release import Kind
from riskengine.scoring import money
from riskengine.scoring.features import catalogue as catalogues
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.money import Rates
from riskengine.scoring.rules import ruleset as rulesets
from riskengine.scoring.rules.ruleset import RuleSet

Content = RuleSet | Catalogue | Rates

HIGHEST_VERSION = 2**31 - 1
"""The highest number that a version can have: PostgreSQL's `integer`."""

_LOAD: dict[Kind, Callable[[bytes], Content]] = {
    Kind.RULESET: rulesets.load,
    Kind.CATALOGUE: catalogues.load,
    Kind.RATES: money.load,
}


def load(kind: Kind, text: bytes) -> Content:
    """Reads a content that is YAML. Raises ConfigurationError if it cannot be read."""
    return _LOAD[kind](text)


def made_from(kind: Kind, content: bytes) -> int | None:
    """The version that a content was made from: its own, as exported. None: it does not say so, or cannot be read."""
    if kind is Kind.MODEL:
        return None
    try:
        version = load(kind, content).version
    except ConfigurationError:
        return None
    return min(max(version, 0), HIGHEST_VERSION)
