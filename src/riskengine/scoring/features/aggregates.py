"""How each aggregate of the catalogue is computed: the Python expression for it.

The names an expression may use are those of the generated function (see `compiler`) and what `Code` lets it have.
Aggregates over all events of an account are here; those over some of them in `selections`, those over the events of
others in `crowds`.
"""

from collections.abc import Callable

from riskengine.domain.clock import DAY, HOUR
from riskengine.domain.errors import ConfigurationError
from riskengine.scoring.event import LOG_STEPS, NOWHERE
from riskengine.scoring.features import columns, crowds, selections
from riskengine.scoring.features.catalogue import TIMES, Feature
from riskengine.scoring.features.code import HABIT, Code
from riskengine.scoring.features.support import LEAST_STD_SHARE, LEAST_TRAVEL_MS
from riskengine.scoring.money import MINOR
from riskengine.scoring.records import WIDTH

Aggregate = Callable[[Code, Feature], str]

_OWN = {
    "amount": f"event.amount / {MINOR} if event.amount >= 0 else nan",
    "log_amount": f"event.log / {LOG_STEPS} if event.amount >= 0 else nan",
    "round_amount": "transaction.amount % 100 == 0",
    "hour": f"local // {HOUR} % 24",
    "weekday": "today",
    "weekend": "today >= 5",
    "account_age": f"(now - account.opened_at) / {DAY} if account.opened_at is not None else nan",
    "cross_border": "transaction.country != account.home_country"
    " if transaction.country and account.home_country else nan",
}

_LATITUDE, _LONGITUDE = 8, 9
_HOUR = 31


def _window(code: Code, feature: Feature) -> str:
    return code.label(feature.window_ms)


def _own(code: Code, feature: Feature) -> str:
    if feature.of in {"hour", "weekday", "weekend"}:
        _local(code)
    return _OWN[feature.of]


def _local(code: Code) -> None:
    code.let("offset", "offset_ms(account.time_zone, now) if account.time_zone else 0")
    code.let("local", "now + offset")
    code.let("today", f"(local // {DAY} + 3) % 7")


def _count(code: Code, feature: Feature) -> str:
    return code.count("events", _window(code, feature))


def _velocity(code: Code, feature: Feature) -> str:
    """Events in the window against those expected of it at the rate of the habit."""
    habit = code.label(HABIT)
    earlier = code.count("events", habit)
    own = code.count("events", _window(code, feature))
    length = feature.window_ms
    code.let("observed", f"now - times[start_{habit}] if {earlier} else 0")
    expected = f"{earlier} * {length} / (observed if observed > {length} else {length})"
    return f"{own} / ({expected}) if {earlier} >= {max(feature.least, 1)} else nan"


def _sum(code: Code, feature: Feature) -> str:
    return f"{code.total('amounts', _window(code, feature))} / {MINOR}"


def _sample(code: Code, feature: Feature) -> tuple[str, str, str, int]:
    """Count, sum, sum of squares and unit of the known amounts (or their logarithms) of a window."""
    label = _window(code, feature)
    known = code.count("known", label)
    if feature.of == "amount":
        return known, code.total("amounts", label), code.squares(label), MINOR
    if feature.of == "log_amount":
        return known, code.total("logs", label), code.total("log_squares", label), LOG_STEPS
    raise KeyError(feature.of)


def _average(code: Code, feature: Feature) -> tuple[str, str, int]:
    """Count, sum and unit alone."""
    label = _window(code, feature)
    unit = {"amount": MINOR, "log_amount": LOG_STEPS}[feature.of]
    return code.count("known", label), code.total("amounts" if unit == MINOR else "logs", label), unit


def _mean(code: Code, feature: Feature) -> str:
    known, total, unit = _average(code, feature)
    return f"{total} / ({known} * {unit}) if {known} >= {max(feature.least, 1)} else nan"


def _spread(code: Code, feature: Feature) -> str:
    """The standard deviation, from the unbiased variance of whole numbers: (n Q - S^2) / (n (n - 1)), rounded once."""
    known, total, squares, unit = _sample(code, feature)
    variance = f"({known} * {squares} - {total} * {total}) / ({known} * ({known} - 1))"
    name = f"std_{feature.of}_{_window(code, feature)}"
    return code.let(name, f"sqrt({variance}) / {unit} if {known} >= 2 else nan")


def _std(code: Code, feature: Feature) -> str:
    spread = _spread(code, feature)
    return f"{spread} if {_sample(code, feature)[0]} >= {max(feature.least, 2)} else nan"


def _zscore(code: Code, feature: Feature) -> str:
    """How many standard deviations over the mean; see LEAST_STD_SHARE."""
    spread = _spread(code, feature)
    known, total, _, unit = _sample(code, feature)
    mean = code.let(f"mean_{feature.of}_{_window(code, feature)}", f"{total} / ({known} * {unit}) if {known} else nan")
    own = f"event.{'amount' if unit == MINOR else 'log'} / {unit}"
    score = f"({own} - {mean}) / ({spread} or {LEAST_STD_SHARE} * {mean} or 1.0)"
    return f"{score} if {known} >= {max(feature.least, 2)} and event.amount >= 0 else nan"


def _ratio(code: Code, feature: Feature) -> str:
    known, total, _ = _average(code, feature)
    enough = f"{known} >= {max(feature.least, 1)} and event.amount >= 0 and {total}"
    return f"event.amount * {known} / {total} if {enough} else nan"


def _flagged(code: Code, feature: Feature) -> str:
    """The share of the account's transactions that were not approved."""
    label = _window(code, feature)
    past = code.count("events", label)
    return f"{code.count('flagged', label)} / {past} if {past} >= {max(feature.least, 1)} else nan"


def _smallest(code: Code, feature: Feature) -> str:
    values = columns.values(code, "amount", feature.window_ms)
    return f"min([amount for amount in {values} if amount >= 0], default=nan) / {MINOR} if {values} else nan"


def _largest(code: Code, feature: Feature) -> str:
    name = f"largest_{_window(code, feature)}"
    code.let(name, f"max({columns.values(code, 'amount', feature.window_ms)}, default=-1)")
    return f"{name} / {MINOR} if {name} >= 0 else nan"


def _first(code: Code, feature: Feature) -> str:
    """The amount of the earliest event of the window."""
    return _amount_at(code, feature, f"start_{_window(code, feature)}")


def _last(code: Code, feature: Feature) -> str:
    """The amount of the latest event of the window."""
    return _amount_at(code, feature, "end - 1")


def _amount_at(code: Code, feature: Feature, index: str) -> str:
    _, at = columns.COLUMNS[{"amount": "amount"}[feature.of]]
    label = _window(code, feature)
    read = f"longs[({index}) * {WIDTH // 8} + {at}] if start_{label} < end else -1"
    amount = code.let(f"{feature.aggregate}_{label}", read)
    return f"{amount} / {MINOR} if {amount} >= 0 else nan"


def _distinct(code: Code, feature: Feature) -> str:
    seen = _seen_kinds(code, feature)
    return f"len({seen}) - (0 in {seen})"


def _seen_kinds(code: Code, feature: Feature) -> str:
    values = columns.values(code, feature.of, feature.window_ms)
    return code.let(f"seen_{values}", f"set({values})")


def _new(code: Code, feature: Feature) -> str:
    return f"not {_known(code, feature)}"


def _seen(code: Code, feature: Feature) -> str:
    return _known(code, feature)


def _known(code: Code, feature: Feature) -> str:
    """Missing without a value, and for an account's first transaction: it has no past that anything were new to.

    Where the kinds of the window are counted, those of the newest events are at hand; the rest is searched.
    """
    past = code.count("events", code.label(HABIT))
    label = _window(code, feature)
    view, at = columns.COLUMNS[feature.of]
    _, items, size = columns.VIEWS[view]
    value = f"event.{feature.of}.to_bytes({size}, byteorder, signed=True)"
    known = f"contains(records, start_{label}, {{end}}, {at * WIDTH // items}, {value})"
    if code.is_counted(feature.of, label):
        listed = code.listed(label)
        earlier = f"start_{label} < {listed} and {known.format(end=listed)}"
        known = f"event.{feature.of} in {_seen_kinds(code, feature)} or {earlier}"
    else:
        known = known.format(end="end")
    return f"({known}) if event.{feature.of} and {past} else nan"


def _changes(code: Code, feature: Feature) -> str:
    return code.count({"location": "moves", "channel": "switches"}[feature.of], _window(code, feature))


def _last_place(code: Code, feature: Feature) -> str:
    """The index of the last located event; 0 if there is none, or if this transaction is nowhere itself."""
    label = _window(code, feature)
    ints, _ = columns.view(code, "ints")
    search = f"last_known({ints}, start_{label}, end) if event.latitude != {NOWHERE} else 0"
    return code.let(f"place_{label}", search)


def _since(code: Code, feature: Feature) -> str:
    label = _window(code, feature)
    unit = TIMES[feature.unit]
    if feature.of == "place":
        place = _last_place(code, feature)
        return f"(now - times[{place}]) / {unit} if {place} else nan"
    return f"(now - times[end - 1]) / {unit} if start_{label} < end else nan"


def _distance(code: Code, feature: Feature) -> str:
    place = _last_place(code, feature)
    ints, items = columns.view(code, "ints")
    there = f"{ints}[{place} * {items} + {_LATITUDE}], {ints}[{place} * {items} + {_LONGITUDE}]"
    name = f"distance_{_window(code, feature)}"
    return code.let(name, f"distance_km({there}, event.latitude, event.longitude) if {place} else nan")


def _speed(code: Code, feature: Feature) -> str:
    distance, place = _distance(code, feature), _last_place(code, feature)
    return f"{distance} * {HOUR} / max(now - times[{place}], {LEAST_TRAVEL_MS}) if {place} else nan"


def _share(code: Code, feature: Feature) -> str:
    """From the hours of the week at which events were: one byte each, so that counting is cheap."""
    label = _window(code, feature)
    past = code.count("events", label)
    hours = f"records[start_{label} * {WIDTH} + {_HOUR}:end * {WIDTH}:{WIDTH}]"
    weekly = code.let(f"weekly_{label}", hours)
    enough = f"/ (end - start_{label}) if {past} >= {max(feature.least, 1)} else nan"
    if feature.of == "hour":
        daily = code.let(f"daily_{label}", f"{weekly}.translate(HOUR_OF_DAY).count")
        near = " + ".join(f"{daily}((event.hour + {hour}) % 24)" for hour in (23, 0, 1))
        return f"({near}) {enough}"
    if feature.of == "weekday":
        _local(code)
        return f"{weekly}.translate(weekdays(offset)).count(today) {enough}"
    raise KeyError(feature.of)


AGGREGATES: dict[str, Aggregate] = {
    "own": _own,
    "count": _count,
    "velocity": _velocity,
    "sum": _sum,
    "mean": _mean,
    "std": _std,
    "zscore": _zscore,
    "ratio": _ratio,
    "flagged": _flagged,
    "smallest": _smallest,
    "largest": _largest,
    "first": _first,
    "last": _last,
    "distinct": _distinct,
    "new": _new,
    "seen": _seen,
    "changes": _changes,
    "since": _since,
    "distance": _distance,
    "speed": _speed,
    "share": _share,
}
"""Those over an account's events; for a part of them and for those of others there are fewer."""


def expression(code: Code, feature: Feature) -> str:
    """The expression that computes a feature. Raises ConfigurationError if there is no such aggregate."""
    if feature.entity != "account":
        return _look_up(code, feature, crowds.AGGREGATES, f" over the events of a {feature.entity}")
    if feature.filter or feature.per:
        return _look_up(code, feature, selections.AGGREGATES, " over a part of the events")
    return _look_up(code, feature, AGGREGATES, "")


def _look_up(code: Code, feature: Feature, known: dict[str, Aggregate], where: str) -> str:
    aggregate = known.get(feature.aggregate)
    if aggregate is None:
        raise ConfigurationError(
            f"feature {feature.name}: no aggregate {feature.aggregate!r}{where}; there are {', '.join(known)}"
        )
    try:
        return aggregate(code, feature)
    except KeyError as error:
        what = f"of {feature.of!r}" if error.args[0] == feature.of else f"in the unit {feature.unit!r}"
        raise ConfigurationError(f"feature {feature.name}: {feature.aggregate} cannot be {what}") from error
