"""A course as a picture: PNG, or SVG by the file's name."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from riskengine.capacity.whatif import ticks
from riskengine.capacity.whatif.course import Course, Happening, What
from riskengine.capacity.whatif.summary import Summary
from riskengine.domain.errors import ConfigurationError

FORMS = (".png", ".svg")

_SIZE, _DPI = (11.0, 10.0), 110
_DEPTH, _DECIDED, _REFUSED, _OTHER, _LAG = "#0b6e99", "#2d7d46", "#c0392b", "#777777", "#b3541e"
_MOST_WORDS = 6
"""Failures that are named in the picture: more would lie on each other."""


def write(path: Path, course: Course, summary: Summary, title: str) -> None:
    """Draws a course into a file. Raises ConfigurationError if the file cannot be written."""
    if path.suffix not in FORMS:
        raise ConfigurationError(f"{path}: a picture ends in {' or '.join(FORMS)}: name the file so")
    figure = _figure(course, summary, title)
    try:
        figure.savefig(path, dpi=_DPI)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror}): name another file") from None


def _figure(course: Course, summary: Summary, title: str) -> Figure:
    figure = Figure(figsize=_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    depth, rates, times, processes = figure.subplots(4, 1, sharex=True, height_ratios=(3, 2, 2, 1.4))
    figure.suptitle(f"{title}: {_told(summary)}", fontsize=12)
    _draw_depth(depth, course)
    _draw_rates(rates, course)
    _draw_times(times, course)
    _draw_processes(processes, course)
    for axes in (depth, rates, times, processes):
        _mark(axes, course.happenings)
        axes.grid(alpha=0.25)
        axes.set_xlim(0, course.moments[-1].at_s)
        axes.set_ylim(bottom=0)
    _name(depth, [one for one in course.happenings if one.what is What.FAILURE][:_MOST_WORDS])
    across = ticks.of_time(course.moments[-1].at_s, 10)
    processes.set_xticks(list(across), [ticks.time(at_s) for at_s in across])
    processes.set_xlabel("time since the beginning (red lines: failures; dotted green: what the autoscaler did)")
    return figure


def _told(summary: Summary) -> str:
    ending = "not drained" if summary.drain_s is None else f"drained {summary.drain_s:,.0f} s later"
    piled = f"at most {ticks.number(summary.peak_depth)} waiting, {ending}"
    return piled if not summary.refused else f"{piled}, {ticks.number(summary.refused)} refused"


def _draw_depth(axes: Axes, course: Course) -> None:
    at = [moment.at_s for moment in course.moments]
    all_of_it = [moment.depth for moment in course.moments]
    queued = [moment.queued for moment in course.moments]
    axes.fill_between(at, queued, color=_DEPTH, alpha=0.25, linewidth=0, label="in the queue")
    if any(moment.depth - moment.queued > 1 for moment in course.moments):
        axes.fill_between(at, queued, all_of_it, color=_LAG, alpha=0.3, linewidth=0, label="in PostgreSQL alone")
    axes.plot(at, all_of_it, color=_DEPTH, linewidth=1.5)
    axes.set_ylabel("accepted, not decided\n(transactions)")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: ticks.number(value)))
    axes.legend(loc="upper right", fontsize=8, framealpha=0.9)


def _draw_rates(axes: Axes, course: Course) -> None:
    at = [moment.at_s for moment in course.moments]
    axes.plot(at, [m.offered_per_s for m in course.moments], color=_OTHER, linewidth=1, label="offered")
    axes.plot(at, [m.decided_per_s for m in course.moments], color=_DECIDED, linewidth=1.5, label="decided")
    refused = [m.refused_per_s for m in course.moments]
    if any(refused):
        axes.fill_between(at, refused, color=_REFUSED, alpha=0.5, linewidth=0, label="refused (503)")
    axes.set_ylabel("transactions\na second")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: ticks.number(value)))
    axes.legend(loc="upper right", fontsize=8, framealpha=0.9)


def _draw_times(axes: Axes, course: Course) -> None:
    at = [moment.at_s for moment in course.moments]
    nothing = float("nan")
    p50, p95 = (
        [nothing if value is None else value for value in values]
        for values in ([m.latency_p50_s for m in course.moments], [m.latency_p95_s for m in course.moments])
    )
    axes.plot(at, [m.lag_s for m in course.moments], color=_LAG, linewidth=1.5, label="age of the oldest undecided")
    axes.plot(at, p95, color=_DEPTH, linewidth=1, label="accepted to decided, p95")
    axes.plot(at, p50, color=_DEPTH, linewidth=1, linestyle=":", label="p50")
    axes.set_ylabel("seconds")
    axes.legend(loc="upper right", fontsize=8, framealpha=0.9)


def _draw_processes(axes: Axes, course: Course) -> None:
    at = [moment.at_s for moment in course.moments]
    axes.step(at, [m.worker for m in course.moments], where="post", color=_DECIDED, label="workers")
    axes.step(at, [m.api for m in course.moments], where="post", color=_OTHER, label="API processes")
    axes.set_ylabel("at work")
    most = max(max(moment.worker, moment.api) for moment in course.moments)
    counts = ticks.of_values(most, 5, whole=True)
    axes.set_yticks(list(counts))
    axes.set_ylim(top=counts[-1] * 1.15)
    if course.moments[-1].cost:
        cost = axes.twinx()
        cost.plot(at, [m.cost for m in course.moments], color=_LAG, linewidth=1, linestyle="--", label="cost")
        cost.set_ylabel(f"cost ({course.currency})", color=_LAG)
        cost.set_ylim(bottom=0)
        axes.set_zorder(cost.get_zorder() + 1)  # so that the line does not lie on the key
        axes.patch.set_visible(False)
    axes.legend(loc="best", fontsize=8, framealpha=0.9)


def _mark(axes: Axes, happenings: Sequence[Happening]) -> None:
    for one in happenings:
        is_failure = one.what is What.FAILURE
        axes.axvline(
            one.at_s, color=_REFUSED if is_failure else _DECIDED, linewidth=0.8, linestyle="-" if is_failure else ":"
        )


def _name(axes: Axes, failures: Sequence[Happening]) -> None:
    """Writes beside the line of each failure what it is, each lower than the one before."""
    for number, one in enumerate(failures):
        axes.annotate(
            one.told,
            (one.at_s, 0.9 - 0.11 * number),
            xycoords=("data", "axes fraction"),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=8,
            color=_REFUSED,
        )
