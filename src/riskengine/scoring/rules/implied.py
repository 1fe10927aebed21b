"""The rules that lists imply: a list with an effect acts without a rule being written for it."""

from collections.abc import Iterator

import msgspec

from riskengine.domain.outcome import Level
from riskengine.scoring.lists import ListDefinition, Lists
from riskengine.scoring.rules.rule import LISTS, Rule


def rules(lists: Lists) -> Iterator[Rule]:
    """One rule for each list that blocks, allows or watches, by the lists' names. None has an impact."""
    for name in sorted(lists.definitions):
        definition = lists.definitions[name]
        rule = _rule(definition)
        match definition.effect:
            case "block":
                yield msgspec.structs.replace(rule, level=Level.CRITICAL, minimum_outcome="decline")
            case "watch":
                yield msgspec.structs.replace(rule, level=Level.HIGH, minimum_outcome="review")
            case "allow":
                yield msgspec.structs.replace(rule, maximum_outcome="approve")


def _rule(definition: ListDefinition) -> Rule:
    what = definition.field
    return Rule(
        id=f"{LISTS}{definition.name.upper()}",
        name=f"On the list {definition.name}",
        description=f"The {what} is on the list {definition.name} ({definition.effect})",
        expression=f'{what} in list("{definition.name}")',
        impact=0.0,
        level=Level.LOW,
        reason=f"The {what} {{{what}}} is on the list {definition.name} ({definition.effect})",
        tags=("list",),
    )
