"""Aggregates over a part of an account's events: those that pass a filter, or share something with the transaction.

They look at each event of the window, where the others take differences of running sums: a few microseconds for a
history that is full, and nothing more for an account that is older or busier.
"""

from collections.abc import Callable

from riskengine.scoring.features import columns, filters
from riskengine.scoring.features.catalogue import TIMES, Feature
from riskengine.scoring.features.code import Code
from riskengine.scoring.money import MINOR


def _picked(code: Code, feature: Feature, wanted: str) -> str:
    """A column (or `time`) of the chosen events of the window, in the order of time, as a list."""
    condition = filters.condition(feature)
    read = dict.fromkeys((wanted, *condition.columns))
    variables = ", ".join(f"c_{name}" for name in read)
    lists = ", ".join(_column(code, feature, name) for name in read)
    if len(read) > 1:
        lists = f"zip({lists})"
    known = "c_amount >= 0 and " if wanted == "amount" else ""
    text = f"[c_{wanted} for {variables} in {lists} if {known}{condition.code}]"
    if feature.per:
        text += f" if {_likes(code, feature)} else ()"
    return code.once(f"picked_{wanted}", text)


def _column(code: Code, feature: Feature, name: str) -> str:
    """A column of the window; that which is to be shared once for all, and only where the transaction has it."""
    length = feature.window_ms
    if name == "time":
        return f"times[{code.listed(code.label(length))}:end].tolist()"
    values = columns.values(code, name, length)
    return code.once(f"all_{name}", f"{values} if event.{name} else ()") if name == feature.per else values


def _likes(code: Code, feature: Feature) -> str:
    """How many events of the window share what they are to share: mostly none, and then nothing is looked through."""
    all_ = _column(code, feature, str(feature.per))
    return code.once(f"likes_{feature.per}", f"{all_}.count(event.{feature.per})")


def _given(feature: Feature, value: str) -> str:
    """The value, where the transaction has what its events are to have in common with it."""
    return f"({value}) if event.{feature.per} else nan" if feature.per else value


def _count(code: Code, feature: Feature) -> str:
    if feature.per and not feature.filter:
        return _given(feature, _likes(code, feature))
    return _given(feature, f"len({_picked(code, feature, 'time')})")


def _sum(code: Code, feature: Feature) -> str:
    return _given(feature, f"sum({_picked(code, feature, 'amount')}) / {MINOR}")


def _amounts(code: Code, feature: Feature, least: int, value: str) -> str:
    """An expression over the chosen amounts, called `{0}` in it, where there are enough."""
    if feature.of != "amount":
        raise KeyError(feature.of)
    picked = _picked(code, feature, "amount")
    return _given(feature, f"{value.format(picked)} if len({picked}) >= {max(feature.least, least)} else nan")


def _mean(code: Code, feature: Feature) -> str:
    return _amounts(code, feature, 1, f"sum({{0}}) / (len({{0}}) * {MINOR})")


def _std(code: Code, feature: Feature) -> str:
    return _amounts(code, feature, 2, f"std({{0}}) / {MINOR}")


def _zscore(code: Code, feature: Feature) -> str:
    return _amounts(code, feature, 2, "(zscore(event.amount, {0}) if event.amount >= 0 else nan)")


def _ratio(code: Code, feature: Feature) -> str:
    own = "(event.amount * len({0}) / sum({0}) if event.amount >= 0 and sum({0}) else nan)"
    return _amounts(code, feature, 1, own)


def _smallest(code: Code, feature: Feature) -> str:
    return _amounts(code, feature, 1, f"min({{0}}) / {MINOR}")


def _largest(code: Code, feature: Feature) -> str:
    return _amounts(code, feature, 1, f"max({{0}}) / {MINOR}")


def _first(code: Code, feature: Feature) -> str:
    return _amounts(code, feature, 1, f"{{0}}[0] / {MINOR}")


def _last(code: Code, feature: Feature) -> str:
    return _amounts(code, feature, 1, f"{{0}}[-1] / {MINOR}")


def _distinct(code: Code, feature: Feature) -> str:
    columns.COLUMNS[feature.of]
    return _given(feature, f"len(set({_picked(code, feature, feature.of)}) - {{0}})")


def _since(code: Code, feature: Feature) -> str:
    picked = _picked(code, feature, "time")
    return _given(feature, f"(now - {picked}[-1]) / {TIMES[feature.unit]} if {picked} else nan")


def _sequence(code: Code, feature: Feature) -> str:
    """How many of the latest events in a row are chosen, back from this transaction."""
    condition = filters.condition(feature)
    variables = "".join(f"c_{name}, " for name in condition.columns)
    lists = ", ".join(_column(code, feature, name) for name in condition.columns)
    return _given(feature, f"run([{condition.code} for {variables} in zip({lists})])")


AGGREGATES: dict[str, Callable[[Code, Feature], str]] = {
    "count": _count,
    "sum": _sum,
    "mean": _mean,
    "std": _std,
    "zscore": _zscore,
    "ratio": _ratio,
    "smallest": _smallest,
    "largest": _largest,
    "first": _first,
    "last": _last,
    "distinct": _distinct,
    "since": _since,
    "sequence": _sequence,
}
