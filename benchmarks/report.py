"""The figures as one table, beside what is aimed at on two cores with everything on them."""

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figures
from riskengine.capacity.meter import KINDS


class Target(msgspec.Struct, frozen=True):
    """A bound on a figure: at most, or at least."""

    bound: float
    most: bool

    def met(self, value: float) -> bool:
        """Whether a value is within the bound."""
        return value <= self.bound if self.most else value >= self.bound

    def __str__(self) -> str:
        return f"{'≤' if self.most else '≥'} {self.bound:,g}"


TARGETS = {
    "score_us_60f_20r": Target(40, most=True),
    "score_ratio_200r": Target(1.15, most=True),
    "score_ratio_age_100k": Target(1.25, most=True),
    "rules_peer_ratio": Target(1, most=False),
    "single_e2e_tps": Target(2_000, most=False),
    "single_ratio": Target(0.5, most=False),
    "batch_e2e_tps": Target(6_000, most=False),
    "batch_ratio": Target(0.5, most=False),
    "decisions_p99_ms": Target(25, most=True),
    "api_rss_mb": Target(128, most=True),
    "worker_rss_mb": Target(160, most=True),
}

_ROWS: tuple[tuple[str, str] | None, ...] = (
    ("score function with 20 rules, µs a transaction", "score_us_60f_20r"),
    ("with 200 rules, times of that", "score_ratio_200r"),
    ("on simulated rows with 20 rules, µs a transaction", "score_simulated_us"),
    ("with 200 rules, times of that", "score_simulated_ratio_200r"),
    ("account with 100 000 events, times of one with 10", "score_ratio_age_100k"),
    ("17 rules alone, µs a transaction", "rules_us"),
    ("the fastest peer on them, times of that", "rules_peer_ratio"),
    ("history to bytes, µs", "history_to_bytes_us"),
    ("history from bytes, µs", "history_from_bytes_us"),
    ("history, bytes", "history_bytes"),
    None,
    ("single POSTs, end to end, TPS", "single_e2e_tps"),
    ("the same with constant scoring, TPS", "single_raw_tps"),
    ("ratio", "single_ratio"),
    ("batches of 500, end to end, TPS", "batch_e2e_tps"),
    ("the same with constant scoring, TPS", "batch_raw_tps"),
    ("ratio", "batch_ratio"),
    None,
    ("POST /decisions, closed loop, a second", "decisions_capacity"),
    ("POST /decisions, open loop, a second", "decisions_rate"),
    ("p50, ms", "decisions_p50_ms"),
    ("p95, ms", "decisions_p95_ms"),
    ("p99, ms", "decisions_p99_ms"),
    None,
    ("memory of an API process, MB", "api_rss_mb"),
    ("memory of a worker, MB", "worker_rss_mb"),
)


def show(console: Console, figures: Figures) -> None:
    """Prints the table; its last part is where the CPU time goes."""
    table = Table("", "figure", "target", "", title="riskengine benchmarks", caption=_caption(figures))
    for row in _ROWS:
        if row is None:
            table.add_section()
        else:
            words, name = row
            value, target = getattr(figures, name), TARGETS.get(name)
            mark = "" if target is None else "[green]pass" if target.met(value) else "[red]short"
            table.add_row(words, f"{value:,}", "" if target is None else str(target), mark)
    table.add_section()
    for name, peer in figures.rules_peers.items():
        table.add_row(f"17 rules: {name} {peer.version}, µs", f"{peer.us:,}", "", "")
    table.add_section()
    for point in figures.ages:
        table.add_row(f"account of {point.events:,} events, {point.per_month:,} a month, µs", f"{point.us:,}", "", "")
    table.add_section()
    for name in KINDS:
        cpu = f"{figures.single_cpu_us[name]:,.0f} · {figures.batch_cpu_us[name]:,.0f}"
        table.add_row(f"CPU of {name}, µs: single · batch", cpu, "", "")
    console.print(table)


def _caption(figures: Figures) -> str:
    machine = figures.machine
    rows = f"{figures.rows:,} rows of {figures.source}"
    return f"{machine.processor}, {machine.cores} cores, Python {machine.python}; {rows}"
