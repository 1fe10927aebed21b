"""`riskengine autoscale`: more processes when there is more to do, and fewer when there is less."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from msgspec import structs
from prometheus_client import start_http_server
from rich.console import Console
from rich.table import Table

from riskengine import logs
from riskengine.autoscaling import plan, wording
from riskengine.autoscaling.autoscaler import Autoscaler, Outlook
from riskengine.autoscaling.driver import Driver
from riskengine.autoscaling.lock import only_one
from riskengine.autoscaling.plan import Plan
from riskengine.autoscaling.stack_driver import StackDriver
from riskengine.cli.cluster_options import (
    API_DEPLOYMENT,
    WORKER_DEPLOYMENT,
    ApiDeployment,
    Cluster,
    WorkerDeployment,
)
from riskengine.domain.errors import ConfigurationError
from riskengine.operations.signals import DEFINITIONS
from riskengine.operations.sources import WINDOW_S, PrometheusSource, Source, StackSource
from riskengine.stack import ports

_LOOKS = 4
"""Intervals of looks over which rates are, unless these are longer than a minute."""


def command(
    *,
    data_dir: Annotated[Path, typer.Option(help="Where `riskengine up` keeps everything.")] = Path(".riskengine"),
    prometheus: Annotated[str, typer.Option(help="Ask this Prometheus, rather than each process.")] = "",
    policy: Annotated[Path | None, typer.Option(help="Bounds, thresholds and times, in YAML.")] = None,
    every: Annotated[float | None, typer.Option(help="Seconds from look to look; by the policy, or 15.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Look twice, show what is seen and what follows, and end.")
    ] = False,
    metrics_port: Annotated[int | None, typer.Option(min=1, max=65535, help="Show own metrics on this port.")] = None,
    metrics_host: Annotated[str, typer.Option(help="Address for them.")] = ports.LOOPBACK,
    log_format: Annotated[str, typer.Option(help="`json`, or `console` for people.")] = "json",
    kubernetes: Annotated[
        bool, typer.Option("--kubernetes", help="Scale Deployments, and not a stack; needs --prometheus.")
    ] = False,
    namespace: Annotated[str | None, typer.Option(help="Where they are; by the kubeconfig.")] = None,
    kubeconfig: Annotated[Path | None, typer.Option(help="By default as kubectl finds it, or the pod's own.")] = None,
    api_deployment: ApiDeployment = API_DEPLOYMENT,
    worker_deployment: WorkerDeployment = WORKER_DEPLOYMENT,
) -> None:
    """Give a running stack more workers and API processes when there is more to do, and take them when there is less.

    Looks until Ctrl-C, by the rules that also alert. Each action is logged, with its reason.
    """
    if kubernetes and not prometheus:
        raise typer.BadParameter("pods are not looked at one by one: say --prometheus", param_hint="--kubernetes")
    if log_format not in ("json", "console"):
        raise typer.BadParameter(f"'{log_format}' is not json or console", param_hint="--log-format")
    logs.configure("info", log_format)
    wanted = _plan(policy, every)
    _show_metrics(metrics_host, metrics_port)
    cluster = Cluster(api_deployment, worker_deployment, namespace, kubeconfig) if kubernetes else None
    with _driver(cluster, data_dir, wanted, dry_run) as driver:
        autoscaler = Autoscaler(_source(data_dir, prometheus, wanted), driver, wanted.policy, dry=dry_run)
        if once:
            _show(uvloop.run(_look_twice(autoscaler, wanted.every_s)), dry_run)
        else:
            uvloop.run(_look(autoscaler, wanted.every_s))


@contextmanager
def _driver(cluster: Cluster | None, directory: Path, wanted: Plan, dry: bool) -> Iterator[Driver]:
    """Of a cluster, which notices itself when two change a Deployment at once; or of the stack, for one at a time."""
    if cluster is not None:
        with cluster.driver() as driver:
            yield driver
        return
    stack = StackDriver(directory, wanted.policy)
    with nullcontext() if dry else only_one(directory):
        yield stack


def _plan(path: Path | None, every_s: float | None) -> Plan:
    """What was asked for. Raises ConfigurationError."""
    wanted = plan.default() if path is None else plan.read(path)
    if every_s is not None:
        wanted = structs.replace(wanted, every_s=every_s)
    wanted.check()
    return wanted


def _source(directory: Path, prometheus: str, wanted: Plan) -> Source:
    if prometheus:
        return PrometheusSource(prometheus)
    return StackSource(directory, min(WINDOW_S, _LOOKS * wanted.every_s))


def _show_metrics(host: str, port: int | None) -> None:
    """Serves this process's metrics, if that is asked for. Raises ConfigurationError if it cannot be."""
    if port is None:
        return
    try:
        start_http_server(port, addr=host)
    except OSError as error:
        raise ConfigurationError(
            f"metrics cannot be shown on {host}:{port} ({error.strerror}): choose another --metrics-port"
        ) from error


async def _look(autoscaler: Autoscaler, every_s: float) -> None:
    """Until Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await autoscaler.run(every_s, stop)


async def _look_twice(autoscaler: Autoscaler, every_s: float) -> Outlook:
    """What the second look shows: rates are known only then."""
    await autoscaler.look(time.monotonic())
    await asyncio.sleep(every_s)
    return await autoscaler.look(time.monotonic())


def _show(outlook: Outlook, dry: bool) -> None:
    """Prints the signals, and what is done, or held back, for them."""
    console = Console(highlight=False, soft_wrap=True)
    table = Table("signal", "now", "meaning", box=None, header_style="bold", pad_edge=False)
    for name, definition in DEFINITIONS.items():
        value = outlook.signals.get(name)
        table.add_row(name, "unknown" if value is None else wording.figure(name, value), definition.meaning)
    console.print(table)
    if outlook.counts is not None:
        console.print(f"api={outlook.counts.api} worker={outlook.counts.worker}")
    for action in outlook.verdict.actions:
        done = "would become" if dry else "become"
        console.print(f"{action.kind}: {action.before} {done} {action.after} ({action.rule}): {action.reason}")
    for held in outlook.verdict.held:
        console.print(f"{held.kind}: nothing by {held.rule} ({held.why}): {held.reason}")
