"""What was measured of real spikes, what the simulator says of the same arrivals, and how far apart they are."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib as mpl
import msgspec
import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from riskengine.capacity import calibration
from riskengine.capacity.calibration import Calibration, Costs, Machine, Service, Sizes
from riskengine.capacity.whatif.arrivals import Point, Steps
from riskengine.capacity.whatif.scenario import Mix, Scenario, Start
from riskengine.capacity.whatif.simulation import Simulation
from riskengine.settings import Settings

BEGIN, END = "<!-- figures: written by benchmarks.whatif -->\n", "<!-- end of figures -->\n"


class Cost(msgspec.Struct, frozen=True):
    """Processor time of a transaction by part, µs."""

    api: float
    worker: float
    postgresql: float
    valkey: float
    balancer: float
    client: float

    @classmethod
    def of(cls, cpu_us: dict[str, float]) -> "Cost":
        """From what a meter says by kind of process."""
        named = {**{kind: us for kind, us in cpu_us.items() if kind != "caddy"}, "balancer": cpu_us["caddy"]}
        return cls(**{kind: round(max(0.0, us), 1) for kind, us in named.items()})


class Measured(msgspec.Struct, frozen=True):
    """One worker: decisions a second while nobody added to its queue; what it cost to fill that, and to empty it."""

    tps: float
    taking_in: Cost
    deciding: Cost

    @property
    def taken_in(self) -> float:
        """The share of the servers' work that is done when a transaction is accepted."""
        servers = [cost.postgresql + cost.valkey for cost in (self.taking_in, self.deciding)]
        return servers[0] / sum(servers)


class Look(msgspec.Struct, frozen=True):
    """Transactions accepted and not decided, after so many seconds."""

    after_s: float
    pending: int


class Run(msgspec.Struct, frozen=True):
    """A spike: what was sent, and what waited meanwhile.

    `refused` are transactions that were answered with 503, `elsewhere` the processors that others on the machine had.
    """

    workers: int
    arrivals: Sequence[Point]
    looks: Sequence[Look]
    refused: int
    elsewhere: float


class Compared(msgspec.Struct, frozen=True):
    """A run and what was foretold for its looks. `error` is the mean difference, in parts of the peak."""

    run: Run
    foretold: Sequence[float]
    error: float
    peak: int
    foretold_peak: float
    drained_s: float
    foretold_drained_s: float


class WhatIf(msgspec.Struct, frozen=True):
    """All of it."""

    date: str
    machine: Machine
    measured: Measured
    runs: Sequence[Compared]

    @property
    def error(self) -> float:
        """That of the worst run."""
        return max(run.error for run in self.runs)


def foretold(run: Run, measured: Measured, api: int) -> Compared:
    """What the simulator says of a run's arrivals, beside what was."""
    scenario = Scenario(
        duration_s=2 * run.looks[-1].after_s,  # to see when it drains, should that be later than it was
        arrivals=Steps(tuple(run.arrivals)),
        poisson=False,
        mix=Mix(single=0, batch=1),
        start=Start(api=api, worker=run.workers),
        cores=Machine.here().cores - run.elsewhere,
        senders_us=measured.taking_in.client,
    )
    moments = Simulation(scenario, _calibration(measured)).run().moments
    times, depths = [0.0, *(m.at_s for m in moments)], [0.0, *(m.depth for m in moments)]
    at, real = [look.after_s for look in run.looks], [look.pending for look in run.looks]
    said = [float(value) for value in np.interp(at, times, depths)]
    peak = max(real)
    off = sum(abs(one - other) for one, other in zip(said, real, strict=True)) / len(real)
    return Compared(
        run=run,
        foretold=[round(value, 1) for value in said],
        error=round(off / peak, 3),
        peak=peak,
        foretold_peak=round(max(depths)),
        drained_s=round(_drained(at, real), 1),
        foretold_drained_s=round(_drained(times, depths), 1),
    )


def show(console: Console, found: WhatIf) -> None:
    """Prints the figures."""
    names = ("most waiting", "foretold", "all decided after", "foretold", "others' cores", "error of the curve")
    table = Table("workers", *names)
    for one in found.runs:
        seconds = (f"{one.drained_s:.1f} s", f"{one.foretold_drained_s:.1f} s")
        table.add_row(
            str(one.run.workers),
            f"{one.peak:,}",
            f"{one.foretold_peak:,.0f}",
            *seconds,
            f"{one.run.elsewhere:.1f}",
            f"{one.error:.1%} of the peak",
        )
    console.print(
        f"one worker decides {found.measured.tps:,.0f}/s; {found.measured.taken_in:.0%} of servers' work is taking in"
    )
    console.print(table)


def page(text: str, found: WhatIf) -> str:
    """The page with these figures in place of those it has."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + "\n" + "\n".join(_rows(found)) + "\n\n" + END + rest.partition(END)[2]


def _rows(found: WhatIf) -> Iterator[str]:
    yield (
        f"{found.machine.processor}, {found.machine.cores} cores, Python {found.machine.python}; {found.date[:10]}. "
        f"One worker emptied a queue at {found.measured.tps:,.0f} a second.\n"
    )
    yield "| workers | most that waited | foretold | all decided after | foretold | others had | error of the curve |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for one in found.runs:
        yield (
            f"| {one.run.workers} | {one.peak:,} | {one.foretold_peak:,.0f} | {one.drained_s:g} s | "
            f"{one.foretold_drained_s:g} s | {one.run.elsewhere:.1f} cores | {one.error:.1%} |"
        )


def draw(path: Path, found: WhatIf) -> None:
    """Draws both curves of each run."""
    with mpl.rc_context({"svg.fonttype": "none", "path.simplify_threshold": 0.5}):
        figure = Figure(figsize=(7.2, 3.2), layout="constrained")
        panels = figure.subplots(1, len(found.runs), sharey=True, squeeze=False)[0]
        for axes, one in zip(panels, found.runs, strict=True):
            at = [look.after_s for look in one.run.looks]
            axes.plot(at, [look.pending / 1e3 for look in one.run.looks], color="#0b6e99", label="measured")
            axes.plot(at, [value / 1e3 for value in one.foretold], color="#b3541e", linestyle="--", label="foretold")
            workers = f"{one.run.workers} worker{'' if one.run.workers == 1 else 's'}"
            axes.set_title(f"{workers}: error {one.error:.1%} of the peak", fontsize=10)
            axes.set_xlabel("seconds")
            axes.grid(alpha=0.25)
            axes.set_ylim(bottom=0)
        figure.axes[0].set_ylabel("accepted and not decided, thousands")
        figure.axes[0].legend(fontsize=9)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _drained(times: Sequence[float], depths: Sequence[float]) -> float:
    """When less than a hundredth of the peak was left for good."""
    most = max(depths) / 100
    return next((at for at, depth in zip(reversed(times), reversed(depths), strict=True) if depth > most), 0.0)


def _calibration(measured: Measured) -> Calibration:
    """As a calibration: batches only, and batches of workers so that full ones give the measured rate."""
    into, out = measured.taking_in, measured.deciding
    costs = Costs(
        api_us=into.api,
        worker_us=out.worker,
        postgresql_us=into.postgresql + out.postgresql,
        valkey_us=into.valkey + out.valkey,
        balancer_us=into.balancer,
    )
    size = int(next(field.default for field in msgspec.structs.fields(Settings) if field.name == "worker_batch_size"))
    return Calibration(
        form=calibration.FORM,
        taken_at="",
        machine=Machine.here(),
        engine={},
        singles=costs,
        batches=costs,
        decisions=costs,
        service=Service(0.0, 1e3 / measured.tps, size, 5, measured.tps),
        api_tps=1e6 / into.api,
        sizes=Sizes(0, 0, 0, 0, 0, 0, 0),
        error=0.0,
    )
