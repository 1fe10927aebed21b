"""`riskengine manifests`: what Kubernetes scales by itself with."""

from pathlib import Path
from typing import Annotated

import typer

from riskengine.autoscaling import plan
from riskengine.autoscaling.manifests import Form, as_yaml, manifests
from riskengine.autoscaling.place import Place
from riskengine.cli.cluster_options import API_DEPLOYMENT, WORKER_DEPLOYMENT, ApiDeployment, WorkerDeployment
from riskengine.stack.standing import Kind


def command(
    *,
    form: Annotated[Form, typer.Option(help="For KEDA, or for the HPA over the Prometheus adapter.")] = Form.KEDA,
    policy: Annotated[Path | None, typer.Option(help="Bounds, thresholds and times, in YAML.")] = None,
    prometheus: Annotated[str, typer.Option(help="Where KEDA asks.")] = "http://prometheus-server.monitoring.svc:80",
    namespace: Annotated[str | None, typer.Option(help="Put into the manifests.")] = None,
    api_deployment: ApiDeployment = API_DEPLOYMENT,
    worker_deployment: WorkerDeployment = WORKER_DEPLOYMENT,
) -> None:
    """Print manifests by which KEDA or the HPA scales as `riskengine autoscale` does, for `kubectl apply --filename -`.

    The page docs/kubernetes.md says what they cannot do.
    """
    wanted = plan.default() if policy is None else plan.read(policy)
    place = Place({Kind.API: api_deployment, Kind.WORKER: worker_deployment}, namespace, prometheus)
    typer.echo(as_yaml(manifests(form, wanted.policy, place)), nl=False)
