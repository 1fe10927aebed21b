"""`riskengine whatif`: a scenario played through in simulated time."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from riskengine.capacity.calibration import Calibration
from riskengine.capacity.whatif import examples, scenario, summary
from riskengine.capacity.whatif.course import Course
from riskengine.capacity.whatif.scenario import Scenario
from riskengine.capacity.whatif.summary import Summary
from riskengine.domain.errors import ConfigurationError

CALIBRATION = Path("calibration.json")
"""Where `riskengine calibrate` leaves what it measured, if it is not told otherwise."""

_EXTRA = {"simpy", "matplotlib", "plotext", "numpy"}


class Written(msgspec.Struct, frozen=True):
    """What --json writes: the figures, and all that they come from."""

    summary: Summary
    course: Course


def command(
    *,
    file: Annotated[Path | None, typer.Option("--scenario", help="The scenario, in YAML.")] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="What `riskengine calibrate` wrote, in place of the scenario's own.")
    ] = None,
    png: Annotated[Path | None, typer.Option(help="Draw it into this file, too: .png or .svg.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write all moments and figures into this file.")] = None,
    example: Annotated[
        str | None, typer.Option(help=f"Only print a scenario to begin with: {', '.join(examples.NAMES)}.")
    ] = None,
) -> None:
    """Play a day through in seconds: arrivals, failures and the autoscaler, by what a transaction costs here.

    Shows queue, latency, processes and cost over time. Nothing is started and nothing is sent. The exit code is 1 if
    what piled up is not decided when the scenario ends.
    """
    if example is not None:
        typer.echo(examples.scenario(example), nl=False)
        return
    if file is None:
        raise typer.BadParameter("give a file; `riskengine whatif --example spike` prints one", param_hint="--scenario")
    told = scenario.read(file)
    course = _play(told, _calibration(told, file, calibration))
    found = summary.of(course)
    _show(course, found, png, file.stem)
    if json is not None:
        _write(json, Written(found, course))
    if found.stuck is not None:
        Console(stderr=True, highlight=False).print(f"It is not drained: {found.stuck}", style="red", soft_wrap=True)
        raise typer.Exit(1)


def _calibration(told: Scenario, file: Path, given: Path | None) -> Calibration:
    """The one that was named, or else the one that lies there, or else the one that is shipped, which is said."""
    if given is not None:
        return Calibration.read(given)
    if told.calibration is not None:
        return Calibration.read(file.parent / told.calibration)
    if CALIBRATION.exists():
        return Calibration.read(CALIBRATION)
    shipped = examples.calibration()
    Console(stderr=True, highlight=False).print(
        f"There is no {CALIBRATION}: these are the costs of {shipped.machine.processor} with {shipped.machine.cores} "
        "cores, as shipped. For those of your machine: `riskengine calibrate`",
        soft_wrap=True,
    )
    return shipped


def _play(told: Scenario, calibration: Calibration) -> Course:
    try:
        from riskengine.capacity.whatif.simulation import Simulation
    except ModuleNotFoundError as error:
        raise _lacking(error) from None
    return Simulation(told, calibration).run()


def _show(course: Course, found: Summary, png: Path | None, title: str) -> None:
    try:
        from riskengine.capacity.whatif import picture, terminal
    except ModuleNotFoundError as error:
        raise _lacking(error) from None
    console = Console(highlight=False)
    terminal.show(console, course, found)
    if png is not None:
        picture.write(png, course, found, title)
        console.print(f"The picture is in {png}", soft_wrap=True)


def _lacking(error: ModuleNotFoundError) -> Exception:
    """What to say instead, if it is a package of the extra that is missing."""
    if (error.name or "").partition(".")[0] not in _EXTRA:
        return error
    return ConfigurationError(f'{error.name} is not installed here: pip install "riskengine[whatif]"')


def _write(path: Path, written: Written) -> None:
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(written), indent=1) + b"\n")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error.strerror}): name another file") from None
