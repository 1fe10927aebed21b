"""A quantile of a histogram, as Prometheus's `histogram_quantile` computes it for classic histograms."""

import math
from collections.abc import Mapping


def quantile(share: float, buckets: Mapping[float, float]) -> float:
    """The value that so large a share (0 to 1) of what was observed does not exceed; NaN if that cannot be told.

    `buckets` has for each upper bound how much was observed up to it (as counts, or as rates). Within a bucket values
    are taken to lie evenly; the first begins at 0 if its bound is above that. What lies above the last finite bound is
    told as that bound. Source: `bucketQuantile` in Prometheus's promql/quantile.go.
    """
    bounds = sorted(buckets)
    if len(bounds) < 2 or not math.isinf(bounds[-1]):
        return math.nan
    counts: list[float] = []
    for bound in bounds:  # scrapes of several processes may be of different moments: a sum never falls
        counts.append(max(buckets[bound], counts[-1] if counts else 0.0))
    if not counts[-1] > 0:
        return math.nan
    rank = share * counts[-1]
    place = next((at for at, count in enumerate(counts[:-1]) if count >= rank), len(counts) - 1)
    if place == len(counts) - 1:
        return bounds[-2]
    if place == 0 and bounds[0] <= 0:
        return bounds[0]
    begin, below = (bounds[place - 1], counts[place - 1]) if place else (0.0, 0.0)
    return begin + (bounds[place] - begin) * ((rank - below) / (counts[place] - below))
