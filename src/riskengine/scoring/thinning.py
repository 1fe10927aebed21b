"""How a very busy account's history stays bounded: old records are dropped, their sums remain in the later ones.

Where records were dropped, a window reaches back to the next kept one: its far edge is too early, by less than the gap
between two kept records. Gaps made here are at most 1/FINENESS of the age of their younger end (or of LEAST_AGE). So an
account with up to MOST_RECORDS events in the horizon is exact. Beyond that, counts, sums, means and deviations are
those of a window at most 1/32 too long, while `distinct` and `new` see only the kept records: too few kinds, never too
many. For a transaction that comes late the age counts from the newest event, and the near edge moves likewise.
"""

from riskengine.domain.clock import MINUTE
from riskengine.scoring import records as layout

MOST_RECORDS = 840
"""Records of a history, 94 kB. Above the bound that thinning keeps (see `thinned`), so that it is rarely done."""

EXACT = 64
"""The newest records, never dropped."""

FINENESS = 32
"""A gap made by dropping is at most this fraction of its age."""

LEAST_AGE = 5 * MINUTE
"""What is younger (ms) is treated as being of this age: in shorter windows the gaps are up to 10 s."""


def thinned(records: bytes) -> bytes:
    """The records with the ground, without what the bound allows to drop.

    Two neighbouring gaps together exceed the bound, or one record more would go. So ages grow by 1/32 every two
    records, and of 91 days there stay at most 64 + 2 * 32 (under 5 min) + 2 * ln(91 d / 5 min) / ln(1 + 1/32) < 790.
    """
    times = layout.times(records).tolist()
    count = len(times)
    newest, younger = times[-1], times[count - EXACT]
    kept = []
    for index in range(count - EXACT - 1, 0, -1):
        allowed = max(newest - younger, LEAST_AGE) // FINENESS
        if younger - times[index - 1] > allowed:
            kept.append(index)
            younger = times[index]
    width = layout.WIDTH
    middle = [records[index * width : (index + 1) * width] for index in reversed(kept)]
    return records[:width] + b"".join(middle) + records[(count - EXACT) * width :]
