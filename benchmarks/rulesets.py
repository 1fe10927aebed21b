"""The rule sets that are timed: 20 rules and 200, and the lists that they look into."""

from collections.abc import Mapping

import msgspec

from benchmarks.analyst import Analyst
from riskengine.domain.outcome import Level
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.lists import Entry, ListDefinition, Lists
from riskengine.scoring.rules.rule import Rule
from riskengine.scoring.rules.ruleset import RuleSet

SEED = 20
"""Of the rules that are made; any other is as good."""

ENTRIES: Mapping[str, tuple[str, ...]] = {
    "watched_merchants": tuple(str(number) for number in range(0, 10_000, 97)),
    "risky_categories": ("4829", "5933", "5944", "6010", "6011", "6051", "6211", "6540", "7273", "7995"),
    "reported_beneficiaries": tuple(f"beneficiary-{number}" for number in range(0, 50_000, 10)),
    "proxy_networks": tuple(f"198.18.{number}.0/24" for number in range(0, 256, 2)),
}
"""What is on the lists beside the shipped one; merchants of the public data are called by number."""

_DEFINITIONS = (
    ListDefinition("watched_merchants", "text", "none", "merchant"),
    ListDefinition("risky_categories", "text", "none", "merchant_category"),
    ListDefinition("reported_beneficiaries", "text", "none", "beneficiary"),
    ListDefinition("proxy_networks", "network", "none", "ip"),
)

_THREE = (
    Rule(
        id="RULE_CARD_TESTING",
        name="Card testing",
        description="At least 3 small amounts in a row, and then one of more than 200",
        expression="small_run_1h >= 3 and amount_base > 200",
        impact=30,
        level=Level.HIGH,
    ),
    Rule(
        id="RULE_EMPTIED",
        name="Emptied",
        description="A transfer to somebody new of more than 5 times of what is usual",
        expression='channel == "transfer" and is_new_beneficiary and amount_base > 5 * coalesce(mean_30d, 100)',
        impact=35,
        level=Level.HIGH,
    ),
    Rule(
        id="RULE_WATCHED_MERCHANT",
        name="Watched merchant",
        description="The merchant is watched, and the amount is twice of what is usual",
        expression='merchant in list("watched_merchants") and ratio_to_mean_30d > 2',
        impact=20,
        level=Level.MEDIUM,
    ),
)


def lists() -> Lists:
    """The shipped lists, and those that the other rules look into. None does anything by itself."""
    shipped = Lists.starter()
    return shipped.with_changes(
        1,
        definitions=(*shipped.definitions.values(), *_DEFINITIONS),
        added={name: [Entry(value) for value in values] for name, values in ENTRIES.items()},
    )


def of_20(shipped: RuleSet) -> RuleSet:
    """The 17 starter rules and 3 more."""
    return msgspec.structs.replace(shipped, rules=(*shipped.rules, *_THREE))


def of_200(shipped: RuleSet, catalogue: Catalogue) -> RuleSet:
    """The same 20 and 180 that are made (see `analyst`), the same each time."""
    twenty = of_20(shipped)
    made = Analyst(catalogue, SEED).rules(200 - len(twenty.rules))
    return msgspec.structs.replace(twenty, rules=(*twenty.rules, *made))
