"""The behaviour score: how improbable a transaction is for this very account, 0..100.

Each habit gives a p-value: the probability that the account does something at least as unusual. Taking the habits as
independent, these multiply (the statistic of Fisher's method, 1925): the surprise is the sum of -log10 p, in decades,
and the score POINTS_PER_DECADE for each. Where a habit gives no exact p-value it gives a conservative one:

- amount: the upper tail of Student's t with 5 degrees of freedom (heavy, as spending is) at the log amount's distance
  from the account's mean; mean and variance are shrunk to the peer group's by PRIOR pseudo-observations
  (normal model with a conjugate prior; Gelman et al., Bayesian Data Analysis, 3rd ed., section 3.3);
- velocity: at least so many transactions in an hour, where their number is negative binomial (a Poisson rate that
  varies by a gamma distribution of shape BURSTINESS, because people shop in bursts; ibid., section 2.6);
- hour and weekday: the smoothed density of the account's own pattern against a uniform one, where it is below 1 (its
  inverse is a likelihood ratio of mean 1, so by Markov's inequality it is a valid p-value);
- place and device: the account's rate of new ones over 7 days, (kinds + 1/2) / (transactions + 1), if this one is new.

Where the past is short the score is pulled up to NEUTRAL: an account nobody knows is neither trusted nor accused.
"""

import math
from collections.abc import Callable, Sequence
from operator import itemgetter

import msgspec

from riskengine.domain.errors import ConfigurationError
from riskengine.scoring.features.catalogue import Catalogue

POINTS_PER_DECADE = 12.5
"""Points for each factor of ten: 50 is one in ten thousand, 100 one in a hundred million."""

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

Function = Callable[[Sequence[float]], float]


class _Seen(msgspec.Struct, frozen=True, gc=False):
    """The features it is computed from; missing ones are NaN."""

    log_amount: float
    mean_log_30d: float
    std_log_30d: float
    peer_mean_log: float
    peer_std_log: float
    count_1h: float
    count_7d: float
    count_30d: float
    hour_share_30d: float
    weekday_share_30d: float
    is_new_country: float
    distinct_countries_7d: float
    is_new_location_7d: float
    distinct_locations_7d: float
    is_new_device: float
    distinct_devices_7d: float


def compile_behaviour(catalogue: Catalogue) -> Function:
    """The score as a function of a vector of features. Raises ConfigurationError if one that it needs is not there."""
    names = _Seen.__struct_fields__
    if missing := [name for name in names if name not in catalogue.names]:
        raise ConfigurationError(f"the behaviour score needs the feature {missing[0]}; add it to the catalogue")
    pick = itemgetter(*[catalogue.names.index(name) for name in names])
    return lambda values: _score(_Seen(*pick(values)))


def _score(seen: _Seen) -> float:
    probability = _amount(seen)
    count = seen.count_30d
    if count:
        probability *= _velocity(seen.count_1h, count)
        probability *= _density(seen.hour_share_30d, count, _NEAR)
        probability *= _density(seen.weekday_share_30d, count, 1 / 7)
        if seen.is_new_country == 1:
            probability *= _novelty(seen.distinct_countries_7d, seen.count_7d)
        elif seen.is_new_location_7d == 1:
            probability *= _novelty(seen.distinct_locations_7d, seen.count_7d)
        if seen.is_new_device == 1:
            probability *= _novelty(seen.distinct_devices_7d, seen.count_7d)
    score = min(-math.log10(probability) * POINTS_PER_DECADE, 100.0)
    known = count / (count + PRIOR)
    return round(known * score + (1 - known) * max(score, NEUTRAL), 4)


def _amount(seen: _Seen) -> float:
    """The probability of an amount at least as large; 1 where there is nothing to compare it with."""
    mean, count = seen.mean_log_30d, seen.count_30d
    peers = not math.isnan(seen.peer_mean_log)
    if math.isnan(seen.log_amount) or (math.isnan(mean) and not peers):
        return 1.0
    if math.isnan(mean):
        mean, count = seen.peer_mean_log, 0.0
    std = 1.0 if math.isnan(seen.std_log_30d) else seen.std_log_30d
    prior_mean, prior_std = (seen.peer_mean_log, seen.peer_std_log) if peers else (mean, 1.0)
    weight = count + PRIOR
    expected = (count * mean + PRIOR * prior_mean) / weight
    between = count * PRIOR / weight * (mean - prior_mean) ** 2
    variance = (count * std * std + PRIOR * prior_std * prior_std + between) / weight
    scale = max(math.sqrt(variance), LEAST_STD) * math.sqrt(1 + 1 / weight)
    return max(_upper_t5((seen.log_amount - expected) / scale), LEAST_P)


def _upper_t5(t: float) -> float:
    """The upper tail of Student's t distribution with 5 degrees of freedom (Abramowitz & Stegun, 26.7.3)."""
    angle = math.atan(t / math.sqrt(5))
    cosine = math.cos(angle)
    return 0.5 - (angle + math.sin(angle) * cosine * (1 + 2 / 3 * cosine * cosine)) / math.pi


def _velocity(hourly: float, count: float) -> float:
    """The probability of at least so many transactions within an hour, at the account's rate over 30 days."""
    odds = (count - hourly + 1) / (_HOURS * BURSTINESS)
    ratio = odds / (1 + odds)
    term = (1 + odds) ** -BURSTINESS
    fewer = 0.0
    for number in range(min(int(hourly), MOST_TERMS)):
        fewer += term
        term *= ratio * (BURSTINESS + number) / (number + 1)
    return max(1 - fewer, LEAST_P)


def _density(share: float, count: float, uniform: float) -> float:
    """The smoothed share of the past in this part of the day or week against a uniform one, at most 1."""
    if math.isnan(share):
        return 1.0
    smoothed = (share * count + uniform * PRIOR) / (count + PRIOR)
    return min(smoothed / uniform, 1.0)


def _novelty(kinds: float, count: float) -> float:
    """The probability that the next one is new, from how many kinds there were."""
    return min((kinds + 0.5) / (count + 1), 1.0)
