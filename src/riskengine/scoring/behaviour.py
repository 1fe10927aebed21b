"""The behaviour score: how improbable a transaction is for this very account, 0..100.

Each habit gives a p-value: the probability that the account does something at least as unusual. Taking habits as independent,
their improbabilities multiply (the statistic of Fisher's method, 1925, in decimal logarithms): surprise = sum of -log10 p,
in decades, and the score is POINTS_PER_DECADE of each. The p-values are conservative where a habit gives no exact one:

- amount: the upper tail of Student's t with 5 degrees of freedom (heavy, as spending is) at the log amount's distance
  from the account's mean, mean and variance shrunk to the peer group's by PRIOR pseudo-observations
  (normal model with a conjugate prior; Gelman et al., Bayesian Data Analysis, 3rd ed., section 3.3);
- velocity: at least so many transactions in an hour, where the number is negative binomial (a Poisson rate that varies by a gamma
  distribution of shape BURSTINESS, because people shop in bursts; Bayesian Data Analysis, section 2.6);
- hour and weekday: the ratio of the smoothed density of the account's own pattern to a uniform one; where it is below 1 it is
  a valid p-value (its inverse is a likelihood ratio of mean 1; Markov's inequality);
- place and device: the account's rate of new ones so far, (kinds + 1/2) / (transactions + 1), in case this one is new.

Where the past is short, the score is pulled to NEUTRAL: an account that nobody knows is neither trusted nor accused.
"""

import math
from collections.abc import Callable, Sequence
from operator import itemgetter

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

_HOURS = 30 * 24
_NEAR = 3 / 24
"""What a uniform pattern has within an hour of a time of day."""

_NAMES = (
    "log_amount", "mean_log_30d", "std_log_30d", "peer_mean_log", "peer_std_log", "count_30d", "count_1h", "hour_share_30d",
    "weekday_share_30d", "new_country_30d", "distinct_countries_30d", "new_location_7d", "distinct_locations_7d", "count_7d",
    "new_device_30d", "distinct_devices_30d",
)  # fmt: skip

Function = Callable[[Sequence[float]], float]


def compile_behaviour(catalogue: Catalogue) -> Function:
    """The behaviour score as a function of a vector of features. Raises ConfigurationError if one it needs is not there."""
    if missing := [name for name in _NAMES if name not in catalogue.names]:
        raise ConfigurationError(f"the behaviour score needs the feature {missing[0]}; add it to the catalogue")
    pick = itemgetter(*[catalogue.names.index(name) for name in _NAMES])

    def behaviour(values: Sequence[float]) -> float:
        return _score(*pick(values))

    return behaviour


def _score(
    log_amount: float, mean: float, std: float, peer_mean: float, peer_std: float, count: float, hourly: float,
    hour_share: float, weekday_share: float, new_country: float, countries: float, new_location: float, locations: float,
    weekly: float, new_device: float, devices: float,
) -> float:  # fmt: skip
    probability = _amount(log_amount, mean, std, peer_mean, peer_std, count)
    if count:
        probability *= _velocity(hourly, count)
        probability *= _density(hour_share, count, _NEAR) * _density(weekday_share, count, 1 / 7)
        if new_country == 1:
            probability *= _novelty(countries, count)
        elif new_location == 1:
            probability *= _novelty(locations, weekly)
        if new_device == 1:
            probability *= _novelty(devices, count)
    score = min(-math.log10(probability) * POINTS_PER_DECADE, 100.0)
    known = count / (count + PRIOR)
    return round(known * score + (1 - known) * max(score, NEUTRAL), 4)


def _amount(log_amount: float, mean: float, std: float, peer_mean: float, peer_std: float, count: float) -> float:
    """The probability of an amount at least as large; 1 where there is nothing to compare it with."""
    own = mean == mean  # noqa: PLR0124
    peers = peer_mean == peer_mean  # noqa: PLR0124
    if log_amount != log_amount or not (own or peers):  # noqa: PLR0124
        return 1.0
    if not own:
        expected, variance, weight = peer_mean, peer_std * peer_std, PRIOR
    else:
        spread = std if std == std else 1.0  # noqa: PLR0124
        prior_mean, prior_std = (peer_mean, peer_std) if peers else (mean, 1.0)
        weight = count + PRIOR
        expected = (count * mean + PRIOR * prior_mean) / weight
        between = count * PRIOR / weight * (mean - prior_mean) ** 2
        variance = (count * spread * spread + PRIOR * prior_std * prior_std + between) / weight
    scale = max(math.sqrt(variance), LEAST_STD) * math.sqrt(1 + 1 / weight)
    return max(_upper_t5((log_amount - expected) / scale), LEAST_P)


def _upper_t5(t: float) -> float:
    """The upper tail of Student's t distribution with 5 degrees of freedom (closed form; Abramowitz & Stegun 26.7.3)."""
    angle = math.atan(t / math.sqrt(5))
    cosine = math.cos(angle)
    return 0.5 - (angle + math.sin(angle) * cosine * (1 + 2 / 3 * cosine * cosine)) / math.pi


def _velocity(hourly: float, count: float) -> float:
    """The probability of at least so many transactions within an hour, at the account's rate over 30 days."""
    odds = (count - hourly + 1) / (_HOURS * BURSTINESS)
    ratio = odds / (1 + odds)
    term = (1 + odds) ** -BURSTINESS
    fewer = 0.0
    for number in range(min(int(hourly), 64)):
        fewer += term
        term *= ratio * (BURSTINESS + number) / (number + 1)
    return max(1 - fewer, LEAST_P)


def _density(share: float, count: float, uniform: float) -> float:
    """The smoothed share of the past in this part of the day or week against a uniform one, at most 1."""
    smoothed = (share * count + uniform * PRIOR) / (count + PRIOR)
    return min(smoothed / uniform, 1.0)


def _novelty(kinds: float, count: float) -> float:
    """The probability that the next one is new, from how many kinds there were."""
    return min((kinds + 0.5) / (count + 1), 1.0)
