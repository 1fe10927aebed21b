"""How each aggregate of the catalogue is computed: the Python expression for it.

The names an expression may use are those of the generated function (see `compiler`) and what `Code` lets it have.
`?` in the comments below stands for the window's label.
"""

from collections.abc import Callable

from riskengine.domain.clock import DAY, HOUR
from riskengine.domain.errors import ConfigurationError
from riskengine.scoring.event import LOG_STEPS, NOWHERE
from riskengine.scoring.features.catalogue import LONGEST_WINDOW, Feature
from riskengine.scoring.features.code import Code
from riskengine.scoring.features.support import LEAST_TRAVEL_MS
from riskengine.scoring.money import MINOR
from riskengine.scoring.records import WIDTH

Aggregate = Callable[[Code, Feature], str]

_OWN = {
    "amount": f"event.amount / {MINOR} if event.amount >= 0 else nan",
    "log_amount": f"event.log / {LOG_STEPS} if event.amount >= 0 else nan",
    "round_amount": "1.0 if transaction.amount % 100 == 0 else 0.0",
    "hour": f"float(local // {HOUR} % 24)",
    "weekday": f"float((local // {DAY} + 3) % 7)",
    "weekend": f"1.0 if (local // {DAY} + 3) % 7 >= 5 else 0.0",
    "account_age": f"(now - account.opened_at) / {DAY} if account.opened_at is not None else nan",
    "cross_border": "float(transaction.country != account.home_country)"
    " if transaction.country and account.home_country else nan",
}

_COLUMNS = {
    "amount": ("longs", 1),
    "merchant": ("ints", 4),
    "location": ("ints", 5),
    "device": ("ints", 6),
    "country": ("shorts", 14),
    "beneficiary": ("ints", 10),
    "ip": ("ints", 11),
}
"""The view in which a column lies, and where in a record (see `scoring.records`), in items of that view."""

_VIEWS = {"longs": ("q", WIDTH // 8, 8), "ints": ("i", WIDTH // 4, 4), "shorts": ("h", WIDTH // 2, 2)}
"""The format of a view, its items in a record, and their size in bytes."""

_LATITUDE, _LONGITUDE = 8, 9
_HOUR = 31


def _view(code: Code, name: str) -> tuple[str, int]:
    """A view of the records, nothing is copied; and its items in a record."""
    format_, items, _ = _VIEWS[name]
    return code.let(name, f"memoryview(records).cast({format_!r})"), items


def _column(code: Code, name: str, label: str) -> str:
    """A column's values within a window, as a list."""
    view, at = _COLUMNS[name]
    items = _view(code, view)[1]
    return f"{view}[start_{label} * {items} + {at}:end * {items}:{items}].tolist()"


def _values(code: Code, name: str, label: str) -> str:
    """The same, computed once; that of a shorter window is cut from that of the longest."""
    longest = code.reach(name)
    whole = code.let(f"{name}_{longest}", _column(code, name, longest))
    return whole if label == longest else code.let(f"{name}_{label}", f"{whole}[start_{label} - start_{longest}:]")


def _window(code: Code, feature: Feature) -> str:
    return code.label(feature.window_ms)


def _own(code: Code, feature: Feature) -> str:
    if feature.of in {"hour", "weekday", "weekend"}:
        _local(code)
    return _OWN[feature.of]


def _local(code: Code) -> None:
    code.let("offset", "offset_ms(account.time_zone, now)")
    code.let("local", "now + offset")


def _count(code: Code, feature: Feature) -> str:
    return f"float({code.count('events', _window(code, feature))})"


def _velocity(code: Code, feature: Feature) -> str:
    """Events in the window against those expected of it at the rate of the whole history of 30 days."""
    habit = code.label(LONGEST_WINDOW)
    earlier = code.count("events", habit)
    own = code.count("events", _window(code, feature))
    length = feature.window_ms
    code.let("observed", f"now - times[start_{habit}] if {earlier} else 0")
    expected = f"{earlier} * {length} / max(observed, {length})"
    return f"{own} / ({expected}) if {earlier} >= {max(feature.least, 1)} else nan"


def _sum(code: Code, feature: Feature) -> str:
    return f"{code.total('amounts', _window(code, feature))} / {MINOR}"


def _sample(code: Code, feature: Feature) -> tuple[str, str, str, int]:
    """Count, sum, sum of squares and unit of the known amounts (or their logarithms) of a window."""
    label = _window(code, feature)
    known = code.count("known", label)
    if feature.of == "amount":
        return known, code.total("amounts", label), code.squares(label), MINOR
    return known, code.total("logs", label), code.total("log_squares", label), LOG_STEPS


def _mean(code: Code, feature: Feature) -> str:
    known, total, _, unit = _sample(code, feature)
    return f"{total} / ({known} * {unit}) if {known} >= {max(feature.least, 1)} else nan"


def _std(code: Code, feature: Feature) -> str:
    known, total, squares, unit = _sample(code, feature)
    name = f"std_{feature.of}_{_window(code, feature)}"
    code.let(name, f"sqrt(variance({known}, {total}, {squares})) / {unit} if {known} >= 2 else nan")
    return f"{name} if {known} >= {feature.least} else nan"


def _zscore(code: Code, feature: Feature) -> str:
    _std(code, feature)
    known, total, _, _ = _sample(code, feature)
    score = f"zscore(event.amount / {MINOR}, {total} / ({known} * {MINOR}), std_amount_{_window(code, feature)})"
    return f"{score} if {known} >= {max(feature.least, 2)} and event.amount >= 0 else nan"


def _ratio(code: Code, feature: Feature) -> str:
    known, total, _, _ = _sample(code, feature)
    enough = f"{known} >= {max(feature.least, 1)} and event.amount >= 0 and {total}"
    return f"event.amount * {known} / {total} if {enough} else nan"


def _smallest(code: Code, feature: Feature) -> str:
    values = _values(code, "amount", _window(code, feature))
    return f"min([amount for amount in {values} if amount >= 0], default=nan) / {MINOR}"


def _largest(code: Code, feature: Feature) -> str:
    name = f"largest_{_window(code, feature)}"
    code.let(name, f"max({_values(code, 'amount', _window(code, feature))}, default=-1)")
    return f"{name} / {MINOR} if {name} >= 0 else nan"


def _distinct(code: Code, feature: Feature) -> str:
    seen = _seen(code, feature)
    return f"float(len({seen}) - (0 in {seen}))"


def _seen(code: Code, feature: Feature) -> str:
    values = _values(code, feature.of, _window(code, feature))
    return code.let(f"seen_{values}", f"set({values})")


def _new(code: Code, feature: Feature) -> str:
    """Missing without a value, and for an account's first transaction: it has no past that anything were new to.

    Where the kinds of the window are counted, they are at hand; otherwise the column is searched.
    """
    past = code.count("events", code.label(LONGEST_WINDOW))
    label = _window(code, feature)
    if code.is_counted(feature.of, label):
        known = f"event.{feature.of} in {_seen(code, feature)}"
    else:
        view, at = _COLUMNS[feature.of]
        _, items, size = _VIEWS[view]
        value = f"event.{feature.of}.to_bytes({size}, byteorder, signed=True)"
        known = f"contains(records, start_{label}, end, {at * WIDTH // items}, {value})"
    return f"float(not {known}) if event.{feature.of} and {past} else nan"


def _same(code: Code, feature: Feature) -> str:
    label = _window(code, feature)
    counted = code.is_counted(feature.of, code.reach(feature.of))
    values = _values(code, feature.of, label) if counted else _column(code, feature.of, label)
    return f"float({values}.count(event.{feature.of})) if event.{feature.of} else nan"


def _changes(code: Code, feature: Feature) -> str:
    field = {"location": "moves", "channel": "switches"}[feature.of]
    return f"float({code.count(field, _window(code, feature))})"


def _last_place(code: Code, feature: Feature) -> str:
    """The index of the last located event; 0 if there is none, or if this transaction is nowhere itself."""
    label = _window(code, feature)
    ints, _ = _view(code, "ints")
    search = f"last_known({ints}, start_{label}, end) if event.latitude != {NOWHERE} else 0"
    return code.let(f"place_{label}", search)


def _since(code: Code, feature: Feature) -> str:
    label = _window(code, feature)
    if feature.of == "place":
        place = _last_place(code, feature)
        return f"(now - times[{place}]) / 1000 if {place} else nan"
    return f"(now - times[end - 1]) / 1000 if start_{label} < end else nan"


def _distance(code: Code, feature: Feature) -> str:
    place = _last_place(code, feature)
    ints, items = _view(code, "ints")
    there = f"{ints}[{place} * {items} + {_LATITUDE}], {ints}[{place} * {items} + {_LONGITUDE}]"
    name = f"distance_{_window(code, feature)}"
    return code.let(name, f"distance_km({there}, event.latitude, event.longitude) if {place} else nan")


def _speed(code: Code, feature: Feature) -> str:
    distance, place = _distance(code, feature), _last_place(code, feature)
    return f"{distance} * {HOUR} / max(now - times[{place}], {LEAST_TRAVEL_MS})"


def _share(code: Code, feature: Feature) -> str:
    """From the hours of the week at which events were: one byte each, so that counting is cheap."""
    label = _window(code, feature)
    past = code.count("events", label)
    hours = f"records[start_{label} * {WIDTH} + {_HOUR}:end * {WIDTH}:{WIDTH}]"
    weekly = code.let(f"weekly_{label}", hours)
    kept = f"(end - start_{label})"
    enough = f"if {past} >= {max(feature.least, 1)} else nan"
    if feature.of == "hour":
        daily = code.let(f"daily_{label}", f"{weekly}.translate(HOUR_OF_DAY)")
        near = " + ".join(f"{daily}.count((event.hour + {hour}) % 24)" for hour in (23, 0, 1))
        return f"({near}) / {kept} {enough}"
    _local(code)
    days = code.let(f"days_{label}", f"{weekly}.translate(weekdays(offset))")
    return f"{days}.count((local // {DAY} + 3) % 7) / {kept} {enough}"


def _peer_mean(code: Code, feature: Feature) -> str:
    return f"peers.sum / (peers.count * {LOG_STEPS}) if peers.count >= {max(feature.least, 1)} else nan"


def _peer_spread(code: Code) -> str:
    """The standard deviation of the log amounts, in steps."""
    spread = "sqrt(variance(peers.count, peers.sum, peers.squares)) if peers.count >= 2 else nan"
    return code.let("peer_spread", spread)


def _peer_std(code: Code, feature: Feature) -> str:
    return f"{_peer_spread(code)} / {LOG_STEPS} if peers.count >= {feature.least} else nan"


def _peer_zscore(code: Code, feature: Feature) -> str:
    score = f"zscore(event.log, peers.sum / peers.count, {_peer_spread(code)})"
    return f"{score} if peers.count >= {max(feature.least, 2)} and event.amount >= 0 else nan"


def _accounts(code: Code, feature: Feature) -> str:
    key = code.let(f"key_{feature.entity}", f"shared.{feature.entity}(transaction)")
    return f"accounts(sets.get({key}), account_hash, now, {feature.window_ms}) if {key} else nan"


_AGGREGATES: dict[str, Aggregate] = {
    "own": _own,
    "count": _count,
    "velocity": _velocity,
    "sum": _sum,
    "mean": _mean,
    "std": _std,
    "zscore": _zscore,
    "ratio": _ratio,
    "smallest": _smallest,
    "largest": _largest,
    "distinct": _distinct,
    "new": _new,
    "same": _same,
    "changes": _changes,
    "since": _since,
    "distance": _distance,
    "speed": _speed,
    "share": _share,
    "peer_mean": _peer_mean,
    "peer_std": _peer_std,
    "peer_zscore": _peer_zscore,
    "accounts": _accounts,
}


def expression(code: Code, feature: Feature) -> str:
    """The expression that computes a feature. Raises ConfigurationError if there is no such aggregate."""
    aggregate = _AGGREGATES.get(feature.aggregate)
    if aggregate is None:
        raise ConfigurationError(
            f"feature {feature.name}: no aggregate {feature.aggregate!r}; there are {', '.join(_AGGREGATES)}"
        )
    try:
        return aggregate(code, feature)
    except KeyError as error:
        raise ConfigurationError(f"feature {feature.name}: {feature.aggregate} cannot be of {feature.of!r}") from error
