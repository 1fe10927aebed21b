"""Cases of alerts on what becomes of transactions."""

from typing import Any

from tests.operations.cases import AFTER_S, BEFORE_S, Case, Kind, Told
from tests.operations.series import EVERY_S, Levels, Phase

ACCEPTED = 'riskengine_accepted_total{instance="a",by="single"}'
DECIDED = 'riskengine_decided_total{instance="w",outcome="approve"}'
REVIEWED = 'riskengine_decided_total{instance="w",outcome="review"}'
DEPTH = 'riskengine_queue_depth{instance="w"}'
WORKERS = 'riskengine_processes{instance="w",role="worker"}'
LETTERS = 'riskengine_dead_letters_total{instance="w"}'
MOST_S = 15 * 60


def _growing(since: float, step: float, lasts_s: int, others: Levels) -> tuple[Phase, ...]:
    """The queue, with so much more in it at each scrape."""
    return tuple(Phase(EVERY_S, {DEPTH: since + step * n, **others}) for n in range(lasts_s // EVERY_S))


def _queue_grows() -> list[Case]:
    before, lives = Phase(BEFORE_S, {DEPTH: 50, WORKERS: 2}), {WORKERS: 2.0}

    def case(kind: Kind, phases: tuple[Phase, ...], given: str = "", fires_s: int | None = None) -> Case:
        return Case(alert="QueueGrows", kind=kind, phases=(before, *phases), given=given, fires_s=fires_s)

    return [
        case(Kind.FIRES, _growing(101, 1, 1200, lives), fires_s=BEFORE_S + 300),
        case(Kind.WELL, (before,)),
        case(Kind.AT_THRESHOLD, (Phase(AFTER_S, {DEPTH: 100, **lives}),)),
        case(Kind.TOO_SHORT, (Phase(AFTER_S, {DEPTH: 5000, **lives}),), "one burst"),
        case(Kind.TRAP, _growing(5000, -10, 1200, lives), "a burst is being drained"),
        case(Kind.TRAP, _growing(101, 10, 1200, {WORKERS: 0.0}), "no worker lives, which others tell"),
    ]


def _no_decisions() -> list[Case]:
    told = Told(
        alert="NoDecisions",
        well={ACCEPTED: 10, DECIDED: 10},
        bad={ACCEPTED: 10, DECIDED: 0},
        late_s=60,
        short_s=30,
        slack_s=15,
    )

    def trap(given: str, *phases: Phase) -> Case:
        return Case(alert="NoDecisions", kind=Kind.TRAP, given=given, phases=phases)

    one = {ACCEPTED: 1 / EVERY_S}
    rare = [Phase(EVERY_S, {ACCEPTED: 1 / EVERY_S, DECIDED: 0}), Phase(2 * EVERY_S, {ACCEPTED: 0, DECIDED: 0})]
    return [
        *told.cases(),
        Case(
            alert="NoDecisions",
            kind=Kind.FIRES,
            given="nothing that decides is scraped, so there is no series",
            phases=(Phase(BEFORE_S, {ACCEPTED: 0}), Phase(600, {ACCEPTED: 10})),
            fires_s=BEFORE_S + 75,
        ),
        trap("nothing is accepted", Phase(3 * BEFORE_S, {ACCEPTED: 0, DECIDED: 0})),
        trap("the first ever", Phase(60, {ACCEPTED: 0}), Phase(15, one), Phase(600, {ACCEPTED: 0, DECIDED: 0})),
        trap("one a minute, and its decision", *(phase for _ in range(9) for phase in _decided_after(*rare))),
    ]


def _decided_after(accepted: Phase, quiet: Phase) -> list[Phase]:
    """A transaction, its decision at the next scrape, and nothing for a while."""
    return [accepted, Phase(EVERY_S, {ACCEPTED: 0, DECIDED: 1 / EVERY_S}), quiet]


def _dead_letters() -> list[Case]:
    quiet, again = Phase(BEFORE_S, {LETTERS: 0}), BEFORE_S + 2 * MOST_S
    one = Phase(EVERY_S, {LETTERS: 1 / EVERY_S})
    after = Phase(2 * MOST_S, {LETTERS: 0})
    new = {'process_start_time_seconds{instance="w"}': float(again)}

    def case(kind: Kind, *phases: Phase, **more: Any) -> Case:
        return Case(alert="DeadLetters", kind=kind, phases=phases, **more)

    return [
        case(Kind.FIRES, quiet, one, after, fires_s=BEFORE_S + EVERY_S, ends_s=BEFORE_S + MOST_S),
        case(
            Kind.FIRES,
            *(quiet, one, after, Phase(60, new), Phase(2 * MOST_S, {LETTERS: 0, **new})),
            given="as many as before, by the next process",
            begins_at=1,
            watched_s=BEFORE_S + EVERY_S + MOST_S,
            fires_s=again + EVERY_S + 60,
            ends_s=again + MOST_S,
        ),
        case(Kind.WELL, Phase(AFTER_S, {DEPTH: 0})),
        case(Kind.AT_THRESHOLD, after),
        case(
            Kind.TRAP,
            quiet,
            one,
            after,
            Phase(300, {}),
            after,
            given="a restart",
            watched_s=BEFORE_S + EVERY_S + MOST_S,
        ),
    ]


def _rate(alert: str, name: str, others: Levels | None = None) -> list[Case]:
    """Of an alert that fires while a counter grows at all."""
    window_s = 60 if alert in ("RequestsRefused", "RateLimitsOpen") else 300
    still = {name: 0.0, **(others or {})}
    told = Told(alert=alert, well=still, bad={**still, name: 1.0}, at=still, late_s=15, short_s=15 - window_s)
    return [*told.cases(), Case(alert=alert, kind=Kind.TRAP, given="there is no such series", phases=(Phase(900, {}),))]


_STALE, _ALL = 'riskengine_stale_total{instance="w"}', {DECIDED: 8.0, REVIEWED: 2.0}
_BY_LIMIT = 'riskengine_refused_total{{instance="a",limit="{}"}}'

CASES: tuple[Case, ...] = (
    *_no_decisions(),
    *_queue_grows(),
    *_dead_letters(),
    *_rate("RetriesGoOn", 'riskengine_retried_total{instance="w"}'),
    *_rate("LeftToRelay", 'riskengine_left_to_relay_total{instance="a",why="away"}'),
    *_rate(
        "MessagesLost",
        'riskengine_relayed_total{instance="w",why="lost"}',
        {'riskengine_relayed_total{instance="w",why="retry"}': 3.0},
    ),
    *_rate("RequestsRefused", _BY_LIMIT.format("waiting"), {_BY_LIMIT.format("rate"): 9.0}),
    *_rate("RateLimitsOpen", 'riskengine_rate_limits_open_total{instance="a"}'),
    *Told(
        alert="WorkDoneTwice",
        well={_STALE: 0, **_ALL},
        bad={_STALE: 100, **_ALL},
        at={_STALE: 1, **_ALL},
        late_s=15,
        short_s=-285,
    ).cases(),
    Case(
        alert="WorkDoneTwice",
        kind=Kind.TRAP,
        given="nothing is decided",
        phases=(Phase(3 * BEFORE_S, {_STALE: 0, DECIDED: 0}),),
    ),
)
"""All of them."""
