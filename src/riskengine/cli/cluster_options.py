"""Options of commands that concern Kubernetes, and what is done with them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskengine.domain.errors import ConfigurationError
from riskengine.stack.standing import Kind

if TYPE_CHECKING:
    from riskengine.autoscaling.kubernetes_driver import KubernetesDriver

ApiDeployment = Annotated[str, typer.Option(help="Name of the Deployment of API processes.")]
WorkerDeployment = Annotated[str, typer.Option(help="Name of the Deployment of workers.")]

API_DEPLOYMENT, WORKER_DEPLOYMENT = "riskengine-api", "riskengine-worker"
"""What the chart calls them if its release is `riskengine`."""


class Cluster:
    """Which Deployments, where, and by which kubeconfig."""

    def __init__(self, api: str, worker: str, namespace: str | None, kubeconfig: Path | None) -> None:
        self.deployments: Mapping[Kind, str] = {Kind.API: api, Kind.WORKER: worker}
        self._namespace = namespace
        self._kubeconfig = kubeconfig

    @contextmanager
    def driver(self) -> Iterator["KubernetesDriver"]:
        """What scales them. Raises ConfigurationError without the extra, or without a good kubeconfig."""
        try:
            from riskengine.autoscaling.kubernetes_driver import KubernetesDriver
        except ImportError as error:
            raise ConfigurationError(f'{error.name} is not installed: pip install "riskengine[kubernetes]"') from error
        driver = KubernetesDriver.connect(self.deployments, namespace=self._namespace, kubeconfig=self._kubeconfig)
        try:
            yield driver
        finally:
            driver.close()
