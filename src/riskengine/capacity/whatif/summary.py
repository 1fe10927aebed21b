"""What a course comes to: its figures, and whether all is decided in the end."""

import msgspec

from riskengine.capacity.whatif.course import Course, Ending, Moment

DRAINED_S = 1.0
"""Seconds: while the oldest undecided transaction is no older, nothing has piled up."""

_NEARLY = 0.99
"""Share of what is decided from which on what arrives is as much: chance decides then."""


class Summary(msgspec.Struct, frozen=True):
    """Counts are transactions, `_s` seconds, `_at_s` those since the beginning.

    `drain_s` is how long it took from the deepest moment until nothing was piled up any more; 0 if nothing ever was,
    None if something still is at the end. Then `stuck` says so, and what would help.
    """

    accepted: float
    refused: float
    decided: float
    late: float
    late_after_s: float
    peak_depth: float
    peak_depth_at_s: float
    peak_lag_s: float
    peak_lag_at_s: float
    drain_s: float | None
    worst_p95_s: float
    cost: float
    currency: str
    stuck: str | None


def of(course: Course) -> Summary:
    """The summary of a course."""
    moments = course.moments
    last, deepest = moments[-1], max(moments, key=lambda moment: moment.depth)
    latest = max(moments, key=lambda moment: moment.lag_s)
    drained = next((moment for moment in moments if moment.at_s >= deepest.at_s and not _piled(moment)), None)
    is_stuck = _piled(last)
    return Summary(
        accepted=last.accepted,
        refused=last.refused,
        decided=last.decided,
        late=course.late,
        late_after_s=course.late_after_s,
        peak_depth=deepest.depth,
        peak_depth_at_s=deepest.at_s,
        peak_lag_s=latest.lag_s,
        peak_lag_at_s=latest.at_s,
        drain_s=None if is_stuck or drained is None else drained.at_s - deepest.at_s,
        worst_p95_s=max((moment.latency_p95_s or 0.0 for moment in moments), default=0.0),
        cost=last.cost,
        currency=course.currency,
        stuck=_stuck(last, course.ending) if is_stuck else None,
    )


def _piled(moment: Moment) -> bool:
    return moment.lag_s > DRAINED_S


def _stuck(last: Moment, ending: Ending) -> str:
    """Why it is not drained, in words, and what would help."""
    workers = f"{ending.workers} worker{'' if ending.workers == 1 else 's'}"
    decide = f"{workers} decide{'s' if ending.workers == 1 else ''}"
    arriving, deciding = f"{ending.arriving:,.0f}/s", f"{ending.deciding:,.0f}/s"
    still = f"{last.depth:,.0f} transactions still wait at the end, the oldest for {last.lag_s:,.0f} s"
    if ending.arriving > ending.deciding * _NEARLY:
        grows = ending.arriving - ending.deciding
        more = f"grows by {grows:,.0f}/s" if grows >= 1 else "does not shrink"
        return (
            f"arrivals of {arriving} exceed what {decide}, {deciding}: the queue {more} and never drains within the "
            f"scenario ({still}); {_enough(ending)}"
        )
    if ending.failing:
        return f"{still}, because what failed is not back: let it end before the scenario does"
    left_s = last.depth / (ending.deciding - ending.arriving)
    return (
        f"{still}: the scenario ends too early. {decide.capitalize()} {deciding} while {arriving} arrive, so "
        f"{left_s:,.0f} s more are needed: raise duration_s by as much, or start with more workers"
    )


def _enough(ending: Ending) -> str:
    if ending.enough is None:
        return f"no number of workers would change that here: all together needs {ending.cores:.1f} cores or more"
    return f"with {ending.enough} workers it would"
