"""Scaling Deployments of Kubernetes, through their scale subresource."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import msgspec
import yaml
from lightkube import ApiError, Client, KubeConfig
from lightkube.config.kubeconfig import SingleConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError
from lightkube.models.autoscaling_v1 import ScaleSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment, DeploymentScale

from riskengine.autoscaling.cluster_error import ClusterError
from riskengine.domain.errors import ConfigurationError
from riskengine.stack.standing import Counts, Kind

_TIMEOUT_S = 5.0
"""Seconds for an answer: a control plane that takes longer is asked again at the next look."""

_WHO = "riskengine-autoscale"
"""The field manager: `kubectl get --show-managed-fields` then tells who changed the replicas."""

_BROKEN = (KeyError, ValueError, msgspec.MsgspecError)
"""What the client raises of an answer that is none of Kubernetes, such as a proxy's page."""


class KubernetesDriver:
    """The Deployments of API processes and workers, by name, in the namespace of the client.

    A count is the replicas that the Deployment wants, whether their pods run yet or not.
    """

    def __init__(self, client: Client, deployments: Mapping[Kind, str]) -> None:
        self._client = client
        self._deployments = deployments

    @classmethod
    def connect(
        cls, deployments: Mapping[Kind, str], *, namespace: str | None = None, kubeconfig: Path | None = None
    ) -> "KubernetesDriver":
        """Over the kubeconfig, or else as the pod's service account, `KUBECONFIG`, or `~/.kube/config`.

        Without a namespace it is that of the configuration. Raises ConfigurationError if there is none, or no good one.
        """
        config = _configuration(kubeconfig)
        try:
            client = Client(config, namespace, httpx2.Timeout(_TIMEOUT_S), lazy=False, field_manager=_WHO)
        except (ConfigError, OSError, ValueError) as error:
            raise ConfigurationError(f"the kubeconfig names what cannot be used ({error}): correct it") from None
        return cls(client, deployments)

    def counts(self) -> Counts:
        """The replicas that are wanted. Raises ClusterError."""
        api, worker = (_replicas(self._read(kind)) for kind in (Kind.API, Kind.WORKER))
        return Counts(api, worker)

    def scale(self, kind: Kind, count: int) -> None:
        """Wants so many replicas, unless somebody else changes the Deployment meanwhile. Raises ClusterError."""
        metadata = self._read(kind).metadata
        version = None if metadata is None else metadata.resourceVersion
        name, namespace = self._deployments[kind], self._client.namespace
        wanted = Deployment.Scale(
            metadata=ObjectMeta(name=name, namespace=namespace, resourceVersion=version),
            spec=ScaleSpec(replicas=count),
        )
        with self._asking("update", kind):
            self._client.replace(wanted, name)

    def close(self) -> None:
        """Closes its connections."""
        self._client.close()

    def _read(self, kind: Kind) -> DeploymentScale:
        with self._asking("get", kind):
            return self._client.get(Deployment.Scale, self._deployments[kind])

    @contextmanager
    def _asking(self, verb: str, kind: Kind) -> Iterator[None]:
        """Tells what becomes of a request in words. `verb` is the one of RBAC that it needs."""
        server = self._client.config.cluster.server
        try:
            yield
        except ApiError as error:
            raise ClusterError(self._refusal(error, verb, self._deployments[kind], kind)) from None
        except httpx2.HTTPStatusError as error:
            raise ClusterError(
                f"Kubernetes at {server} answered {error.response.status_code}: look what stands before it"
            ) from None
        except httpx2.HTTPError as error:
            raise ClusterError(
                f"Kubernetes at {server} cannot be reached ({error or type(error).__name__}): look whether it runs, "
                "and at the address in the kubeconfig"
            ) from None
        except _BROKEN:
            raise ClusterError(
                f"what answers at {server} is not Kubernetes: correct the address in the kubeconfig"
            ) from None

    def _refusal(self, error: ApiError, verb: str, name: str, kind: Kind) -> str:
        where = f"namespace {self._client.namespace}"
        match error.response.status_code:
            case 401:
                return "Kubernetes does not know who asks: renew the credentials in the kubeconfig"
            case 403:
                return (
                    f"Kubernetes does not let us {verb} deployments/scale in {where}: give the verb `{verb}` on "
                    f"`deployments/scale` to whom it names here: {error.status.message}"
                )
            case 404:
                return (
                    f"there is no Deployment {name} in {where}: say --{kind}-deployment and --namespace as they are "
                    "in `kubectl get deployments`"
                )
            case 409:
                return f"somebody else changed Deployment {name} at the same moment: look again, and decide anew"
            case code:
                return f"Kubernetes refuses to {verb} Deployment {name} ({code}): {error.status.message}"


def _replicas(scale: DeploymentScale) -> int:
    """What is wanted; Kubernetes leaves a zero out."""
    return (scale.spec.replicas if scale.spec is not None else None) or 0


def _configuration(kubeconfig: Path | None) -> SingleConfig:
    try:
        found = (KubeConfig.from_env() if kubeconfig is None else KubeConfig.from_file(kubeconfig)).get()
    except (ConfigError, AttributeError, KeyError, TypeError, OSError, msgspec.MsgspecError, yaml.YAMLError) as error:
        raise ConfigurationError(
            f"no cluster is known ({error}): name a kubeconfig with --kubeconfig or KUBECONFIG, or run inside a pod"
        ) from None
    assert found is not None
    # Lightkube wants a user, and a kubeconfig for `kubectl proxy` has none.
    return found if found.user is not None else found._replace(user=User())
