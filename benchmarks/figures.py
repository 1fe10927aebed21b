"""The figures of one run of all benchmarks: what goes to the table and to `latest.json`."""

from datetime import UTC, datetime

import msgspec

from benchmarks.ages import Curve, Point
from benchmarks.course import Decisions, EndToEnd
from benchmarks.peers import Comparison, Timed
from benchmarks.scoring import Cost
from riskengine.capacity.calibration import Machine


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Rates are transactions a second, times as their names say, memory the largest process of a kind in MB.

    `ages` are the accounts of the same rate by age, then those a month old by rate.
    """

    date: str
    machine: Machine
    quick: bool
    source: str
    rows: int
    score_us_60f_20r: float
    score_ratio_200r: float
    score_simulated_us: float
    score_simulated_ratio_200r: float
    score_ratio_age_100k: float
    ages: tuple[Point, ...]
    rules_us: float
    rules_peer_ratio: float
    rules_peers: dict[str, Timed]
    history_to_bytes_us: float
    history_from_bytes_us: float
    history_bytes: float
    single_e2e_tps: float
    single_raw_tps: float
    single_ratio: float
    batch_e2e_tps: float
    batch_raw_tps: float
    batch_ratio: float
    decisions_capacity: float
    decisions_rate: float
    decisions_p50_ms: float
    decisions_p95_ms: float
    decisions_p99_ms: float
    api_rss_mb: float
    worker_rss_mb: float
    rss_mb: dict[str, float]
    single_cpu_us: dict[str, float]
    single_raw_cpu_us: dict[str, float]
    batch_cpu_us: dict[str, float]
    batch_raw_cpu_us: dict[str, float]


class Measured(msgspec.Struct):
    """The runs, as they are done."""

    cost: Cost
    simulated: Cost
    curve: Curve
    comparison: Comparison
    single: EndToEnd
    batch: EndToEnd
    decisions: Decisions
    raw_single: EndToEnd
    raw_batch: EndToEnd


def of(measured: Measured, *, source: str, rows: int, quick: bool) -> Figures:
    """The figures of all runs, rounded to what they can mean."""
    single, batch, decisions = measured.single, measured.batch, measured.decisions
    rss = {kind: max(r.rss_mb[kind] for r in (single, batch, decisions)) for kind in single.rss_mb}
    return Figures(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=Machine.here(),
        quick=quick,
        source=source,
        rows=rows,
        score_us_60f_20r=round(measured.cost.score_us, 1),
        score_ratio_200r=round(measured.cost.ratio_200, 3),
        score_simulated_us=round(measured.simulated.score_us, 1),
        score_simulated_ratio_200r=round(measured.simulated.ratio_200, 3),
        score_ratio_age_100k=round(measured.curve.age_ratio, 3),
        ages=measured.curve.by_age + measured.curve.by_rate,
        rules_us=round(measured.comparison.ours_us, 2),
        rules_peer_ratio=round(measured.comparison.ratio, 2),
        rules_peers={name: Timed(peer.version, round(peer.us, 2)) for name, peer in measured.comparison.peers.items()},
        history_to_bytes_us=round(measured.cost.to_bytes_us, 1),
        history_from_bytes_us=round(measured.cost.from_bytes_us, 1),
        history_bytes=round(measured.cost.history_bytes),
        single_e2e_tps=round(single.tps),
        single_raw_tps=round(measured.raw_single.tps),
        single_ratio=round(single.tps / measured.raw_single.tps, 3),
        batch_e2e_tps=round(batch.tps),
        batch_raw_tps=round(measured.raw_batch.tps),
        batch_ratio=round(batch.tps / measured.raw_batch.tps, 3),
        decisions_capacity=round(decisions.capacity),
        decisions_rate=round(decisions.rate),
        decisions_p50_ms=round(decisions.p50_ms, 2),
        decisions_p95_ms=round(decisions.p95_ms, 2),
        decisions_p99_ms=round(decisions.p99_ms, 2),
        api_rss_mb=round(rss["api"], 1),
        worker_rss_mb=round(rss["worker"], 1),
        rss_mb=_rounded(rss),
        single_cpu_us=_rounded(single.cpu_us),
        single_raw_cpu_us=_rounded(measured.raw_single.cpu_us),
        batch_cpu_us=_rounded(batch.cpu_us),
        batch_raw_cpu_us=_rounded(measured.raw_batch.cpu_us),
    )


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {kind: round(value, 1) for kind, value in values.items()}
