"""What may become a list, an entry or a snooze: judged before anything is changed, with every fault named."""

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

from riskengine.domain import clock, listing
from riskengine.domain.errors import FieldError, InvalidInput
from riskengine.domain.listing import EFFECTS, ENTITY_FIELDS, FIELD_OF_KIND, KINDS, TEXT_FIELDS, ListDefinition, Snooze
from riskengine.scoring.features import catalogue as catalogues
from riskengine.scoring.lists import Lists
from riskengine.scoring.rules import implied
from riskengine.scoring.rules import ruleset as rulesets
from riskengine.scoring.rules.compiler import compile_rules
from riskengine.scoring.rules.errors import RuleSetError
from riskengine.storage.list_changes import IncomingEntry
from riskengine.storage.records import LAST_TIME

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)


class NewEntry(msgspec.Struct, frozen=True):
    """An entry to be added, as people write it. `expires_at` is milliseconds since the epoch; None: never."""

    value: str
    expires_at: int | None = None
    note: str = ""


def definition(wanted: ListDefinition) -> ListDefinition:
    """The list as it is kept. Raises InvalidInput that names every fault."""
    faults = []
    if not _NAME.fullmatch(wanted.name):
        faults.append(FieldError("name", "must be 1 to 63 of a-z, 0-9 and _, and begin with a letter"))
    if wanted.kind not in KINDS:
        faults.append(FieldError("kind", f"must be one of {', '.join(KINDS)}"))
    elif wanted.kind == "text" and wanted.field not in TEXT_FIELDS:
        faults.append(FieldError("field", f"must, for a list of texts, be one of {', '.join(TEXT_FIELDS)}"))
    elif wanted.kind != "text" and wanted.field != FIELD_OF_KIND[wanted.kind]:
        faults.append(FieldError("field", f"must, for a list of kind {wanted.kind}, be {FIELD_OF_KIND[wanted.kind]}"))
    if wanted.effect not in EFFECTS:
        faults.append(FieldError("effect", f"must be one of {', '.join(EFFECTS)}"))
    description = _checked(listing.note, wanted.description, "description", faults)
    if faults:
        raise InvalidInput(tuple(faults))
    return msgspec.structs.replace(wanted, description=description)


def entries(of: ListDefinition, wanted: Sequence[NewEntry], now_ms: int) -> list[IncomingEntry]:
    """The entries as they are kept, numbered from 0. Raises InvalidInput that names every fault."""
    faults: list[FieldError] = []
    found = []
    for place, entry in enumerate(wanted):
        path = f"entries[{place}]"
        value = _checked(lambda text: listing.value(of.kind, of.field, text), entry.value, f"{path}.value", faults)
        note = _checked(listing.note, entry.note, f"{path}.note", faults)
        if entry.expires_at is not None and not now_ms < entry.expires_at <= LAST_TIME:
            faults.append(FieldError(f"{path}.expires_at", "must be a time to come; leave it out if it never ends"))
            continue
        expires_at = None if entry.expires_at is None else clock.to_datetime(entry.expires_at)
        found.append(IncomingEntry(place, value, expires_at, note))
    if faults:
        raise InvalidInput(tuple(faults))
    return found


def values(of: ListDefinition, wanted: Sequence[str]) -> list[str]:
    """Values in the form that entries have. Raises InvalidInput that names every fault."""
    faults: list[FieldError] = []
    found = [
        _checked(lambda text: listing.value(of.kind, of.field, text), value, f"values[{place}]", faults)
        for place, value in enumerate(wanted)
    ]
    if faults:
        raise InvalidInput(tuple(faults))
    return found


def snooze(wanted: Snooze, now_ms: int) -> Snooze:
    """The snooze as it is kept. Raises InvalidInput."""
    value = entity(wanted.field, wanted.value)
    if not now_ms < wanted.until <= LAST_TIME:
        raise InvalidInput((FieldError("until", "must be a time to come"),))
    return msgspec.structs.replace(wanted, value=value)


def entity(field: str, value: str) -> str:
    """The value that tells an entity, in the form that transactions have it. Raises InvalidInput."""
    if field not in ENTITY_FIELDS:
        raise InvalidInput((FieldError("field", f"must be one of {', '.join(ENTITY_FIELDS)}"),))
    return listing.entity(field, value)


def rules_broken_without(ruleset: bytes, catalogue: bytes, lists: Iterable[ListDefinition]) -> list[str]:
    """The rules of a rule set that cannot be compiled with these lists alone."""
    try:
        compile_rules(rulesets.load(ruleset), catalogues.load(catalogue), Lists(0, lists))
    except RuleSetError as error:
        return list(dict.fromkeys(fault.rule for fault in error.errors))
    return []


def rule_ids(ruleset: bytes, lists: Iterable[ListDefinition]) -> list[str]:
    """The ids of a rule set's rules, and of those that lists imply."""
    return [rule.id for rule in (*rulesets.load(ruleset).rules, *implied.rules(Lists(0, lists)))]


def _checked(check: Callable[[str], str], text: str, path: str, faults: list[FieldError]) -> str:
    """What the check makes of the text; its faults are noted under the path."""
    try:
        return check(text)
    except InvalidInput as error:
        faults.append(FieldError(path, error.fields[0].message))
        return text
