"""The behaviour score: how improbable a transaction is for this very account, 0..100.

Each habit gives a p-value: the probability that the account does something at least as unusual. Taking the habits as
independent, these multiply (the statistic of Fisher's method, 1925): the surprise is the sum of -log10 p, in decades,
and the score POINTS_PER_DECADE for each. Where a habit gives no exact p-value it gives a conservative one:

- amount: a robust z-score. z is the log amount's distance from what is usual, in standard deviations (`amount_z`), and
  p the upper tail of Student's t with 5 degrees of freedom at z: heavy, as spending is, so that an outlier neither
  shouts now nor spoils the habit for ever (Lange, Little & Taylor 1989 on the t as a robust model). Mean and variance
  come from running sums; medians would need all amounts;
- velocity: at least so many transactions in an hour, at the account's own rate over 30 days, where their number is
  negative binomial (a Poisson rate that varies by a gamma distribution of shape BURSTINESS, because people shop in
  bursts; Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.6);
- hour and weekday: the smoothed density of the account's own pattern against a uniform one, where it is below 1 (its
  inverse is a likelihood ratio of mean 1, so by Markov's inequality it is a valid p-value). Smoothed twice: an hour's
  neighbours count, and PRIOR pseudo-observations are uniform (additive smoothing, ibid., section 3.4);
- place and device: the account's rate of new ones over 7 days, (kinds + 1/2) / (transactions + 1), if this one is new
  (Jeffreys' prior, as near as two counts allow). A new country says more than a new location, and is counted alone.

Where the past is thin, mean and variance of the log amount are shrunk to the peer group's by PRIOR pseudo-observations
(normal model with a conjugate prior; ibid., section 3.3); of the other habits peers say nothing, so that patterns are
shrunk to uniform ones. And the score is pulled up to NEUTRAL: an account nobody knows is neither trusted nor accused.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import lru_cache
from math import atan, log10, pi, sqrt
from operator import itemgetter

import msgspec

from riskengine.domain.errors import ConfigurationError
from riskengine.scoring.features.catalogue import Catalogue

POINTS_PER_DECADE = 12.5
"""Points for each factor of ten: 50 is one in ten thousand, 100 one in a hundred million."""

HIGHEST = 100.0
"""Points: what is more improbable is not told apart."""

NEUTRAL = 25.0
"""The score of an account without a past: moderate."""

PRIOR = 5.0
"""How many transactions of its own an account needs to count as much as what is assumed of it."""

BURSTINESS = 0.5
"""Shape of the gamma distribution of hourly rates; the smaller, the less surprising a burst."""

LEAST_STD = 0.3
"""The least standard deviation of log amounts: a third more or less is never surprising."""

LEAST_P = 1e-12
"""No single habit says more than twelve decades."""

MOST_TERMS = 64
"""Transactions in an hour beyond which one more adds no surprise; it bounds the sum."""

_HOURS = 30 * 24
_NEAR = 3 / 24
"""What a uniform pattern has within an hour of a time of day."""

_DAY = 1 / 7
"""What it has on one day of the week."""

_SQRT_5 = sqrt(5)

Function = Callable[[Sequence[float]], float]


class Habit(StrEnum):
    """What a score comes from: the account's habits, and that there are few transactions to know them by."""

    AMOUNT = "BEHAVIOUR_AMOUNT"
    VELOCITY = "BEHAVIOUR_VELOCITY"
    HOUR = "BEHAVIOUR_HOUR"
    WEEKDAY = "BEHAVIOUR_WEEKDAY"
    PLACE = "BEHAVIOUR_PLACE"
    DEVICE = "BEHAVIOUR_DEVICE"
    THIN_HISTORY = "BEHAVIOUR_THIN_HISTORY"


class Contribution(msgspec.Struct, frozen=True):
    """What one habit gave to a score (0..100 points), and the features it came from; `z` among them is `amount_z`'s."""

    code: Habit
    points: float
    values: dict[str, float]


_NEEDED = (
    "log_amount",
    "mean_log_30d",
    "std_log_30d",
    "peer_mean_log",
    "peer_std_log",
    "count_1h",
    "count_7d",
    "count_30d",
    "hour_share_30d",
    "weekday_share_30d",
    "is_new_country",
    "distinct_countries_7d",
    "is_new_location_7d",
    "distinct_locations_7d",
    "is_new_device",
    "distinct_devices_7d",
)
"""The features it is computed from, in the order of `_score`; missing ones are NaN."""


def compile_behaviour(catalogue: Catalogue) -> Function:
    """The score as a function of a vector of features. Raises ConfigurationError if one that it needs is not there."""
    if missing := [name for name in _NEEDED if name not in catalogue.names]:
        raise ConfigurationError(f"the behaviour score needs the feature {missing[0]}; add it to the catalogue")
    pick = itemgetter(*[catalogue.names.index(name) for name in _NEEDED])
    return lambda values: _score(pick(values))


def contributions(catalogue: Catalogue, values: Sequence[float]) -> list[Contribution]:
    """What each habit gave to the score of a vector, the most first; those that gave nothing are left out.

    They add up to the score (before it is rounded). What pulls a known account's low score up to NEUTRAL is
    THIN_HISTORY; where all would give more than HIGHEST, each gives its share of that.
    """
    seen = dict(zip(catalogue.names, values, strict=True))
    found = [
        Contribution(habit, -log10(probability) * POINTS_PER_DECADE, _present(seen, names))
        for habit, probability, names in _probabilities(seen)
        if probability < 1
    ]
    total = sum(contribution.points for contribution in found)
    if total > HIGHEST:
        found = [msgspec.structs.replace(one, points=one.points * HIGHEST / total) for one in found]
    elif total < NEUTRAL:
        thin = _pull(total, seen["count_30d"]) - total
        found.append(Contribution(Habit.THIN_HISTORY, thin, _present(seen, ("count_30d",))))
    return sorted(found, key=lambda contribution: -contribution.points)


def amount_z(  # noqa: PLR0917  (six features, in the order of their names; a struct would cost more than the sum)
    log_amount: float, mean: float, std: float, peer_mean: float, peer_std: float, count: float
) -> float:
    """How many standard deviations a log amount lies above what is usual for the account; NaN if nothing is known.

    Usual are mean and standard deviation of the account's own `count` log amounts, shrunk to those of its peers.
    """
    if mean != mean:  # noqa: PLR0124  (NaN: it has no past, its peers stand for it)
        mean, count = peer_mean, 0.0
    if std != std:  # noqa: PLR0124
        std = 1.0
    if peer_mean != peer_mean:  # noqa: PLR0124
        peer_mean, peer_std = mean, 1.0
    weight = count + PRIOR
    apart = mean - peer_mean
    between = count * PRIOR / weight * (apart * apart)
    deviation = sqrt((count * std * std + PRIOR * peer_std * peer_std + between) / weight)
    if deviation < LEAST_STD:  # noqa: PLR1730  (max() takes three times as long)
        deviation = LEAST_STD
    return (log_amount - (count * mean + PRIOR * peer_mean) / weight) / (deviation * sqrt(1 + 1 / weight))


def _score(seen: tuple[float, ...]) -> float:
    """The score. It runs for every transaction: what gives 1, as most habits do, is not even multiplied."""
    (
        log_amount,
        mean,
        std,
        peer_mean,
        peer_std,
        hourly,
        weekly,
        count,
        hour_share,
        weekday_share,
        new_country,
        countries,
        new_location,
        locations,
        new_device,
        devices,
    ) = seen
    probability = _upper_t5(amount_z(log_amount, mean, std, peer_mean, peer_std, count))
    if count > 0:
        if hourly > 0:
            probability *= _velocity(hourly, count)
        density = (hour_share * count + _NEAR * PRIOR) / (count + PRIOR) / _NEAR
        if density < 1:  # never so of a missing share
            probability *= density
        density = (weekday_share * count + _DAY * PRIOR) / (count + PRIOR) / _DAY
        if density < 1:
            probability *= density
        if new_country == 1:
            probability *= _novelty(countries, weekly)
        elif new_location == 1:
            probability *= _novelty(locations, weekly)
        if new_device == 1:
            probability *= _novelty(devices, weekly)
    score = -log10(probability) * POINTS_PER_DECADE
    if score >= NEUTRAL:
        return round(score, 4) if score < HIGHEST else HIGHEST
    return round(_pull(score, count), 4)


def _probabilities(seen: dict[str, float]) -> list[tuple[Habit, float, tuple[str, ...]]]:
    """The p-value of each habit, and the features it came from; `z` is put among those that were seen."""
    amount = ("log_amount", "mean_log_30d", "std_log_30d", "peer_mean_log", "peer_std_log", "count_30d")
    seen["z"] = amount_z(*[seen[name] for name in amount])
    found: list[tuple[Habit, float, tuple[str, ...]]] = [(Habit.AMOUNT, _upper_t5(seen["z"]), (*amount, "z"))]
    count, weekly = seen["count_30d"], seen["count_7d"]
    if not count > 0:
        return found
    if seen["count_1h"] > 0:
        found.append((Habit.VELOCITY, _velocity(seen["count_1h"], count), ("count_1h", "count_30d")))
    for habit, name, uniform in (
        (Habit.HOUR, "hour_share_30d", _NEAR),
        (Habit.WEEKDAY, "weekday_share_30d", _DAY),
    ):
        density = (seen[name] * count + uniform * PRIOR) / (count + PRIOR) / uniform
        found.append((habit, density, (name, "count_30d")))
    place = "is_new_country" if seen["is_new_country"] == 1 else "is_new_location_7d"
    kinds = "distinct_countries_7d" if place == "is_new_country" else "distinct_locations_7d"
    for habit, new, distinct in ((Habit.PLACE, place, kinds), (Habit.DEVICE, "is_new_device", "distinct_devices_7d")):
        if seen[new] == 1:
            found.append((habit, _novelty(seen[distinct], weekly), (new, distinct, "count_7d")))
    return found


def _present(seen: dict[str, float], names: Sequence[str]) -> dict[str, float]:
    """Those of the values that are not missing."""
    return {name: seen[name] for name in names if seen[name] == seen[name]}


def _upper_t5(t: float) -> float:
    """The upper tail of Student's t distribution with 5 degrees of freedom, at least LEAST_P; 1 where t is NaN.

    Abramowitz & Stegun, 26.7.3, with the angle's sine and cosine in closed form: `share` is the squared cosine.
    """
    if t != t:  # noqa: PLR0124
        return 1.0
    tangent = t / _SQRT_5
    share = 1 / (1 + tangent * tangent)
    tail = 0.5 - (atan(tangent) + tangent * share * (1 + 2 / 3 * share)) / pi
    return tail if tail > LEAST_P else LEAST_P


@lru_cache(maxsize=16_384)
def _velocity(hourly: float, count: float) -> float:
    """The probability of at least so many transactions within an hour, at the account's rate over 30 days."""
    odds = (max(count - hourly, 0.0) + 1) / (_HOURS * BURSTINESS)
    ratio = odds / (1 + odds)
    term = (1 + odds) ** -BURSTINESS
    fewer = 0.0
    for number in range(min(int(hourly), MOST_TERMS)):
        fewer += term
        term *= ratio * (BURSTINESS + number) / (number + 1)
    return max(1 - fewer, LEAST_P)


def _novelty(kinds: float, count: float) -> float:
    """The probability that the next one is new, from how many kinds there were."""
    chance = (kinds + 0.5) / (count + 1)
    return chance if chance < 1 else 1.0


def _pull(score: float, count: float) -> float:
    """A score below NEUTRAL pulled up to it, the more the fewer transactions the account has."""
    known = count / (count + PRIOR) if count > 0 else 0.0
    return known * score + (1 - known) * NEUTRAL
