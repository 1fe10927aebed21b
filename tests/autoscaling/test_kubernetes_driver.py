"""The driver for Kubernetes: one contract, on a fake control plane and on a real kube-apiserver where there is one."""

import http.server
import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lightkube import Client
from msgspec import structs

from riskengine.autoscaling.autoscaler import Autoscaler
from riskengine.autoscaling.cluster_error import ClusterError
from riskengine.autoscaling.kubernetes_driver import KubernetesDriver
from riskengine.autoscaling.policy import Bounds, Policy
from riskengine.domain.errors import ConfigurationError
from riskengine.operations.scaling_rules import RULES
from riskengine.operations.sources import PrometheusSource
from riskengine.stack import ports
from riskengine.stack.standing import Counts, Kind
from tests.autoscaling import control_plane
from tests.autoscaling.control_plane import ADMINISTRATOR, READER, STRANGER, ControlPlane

NAMES = {Kind.API: "engine-api", Kind.WORKER: "engine-worker"}


@pytest.fixture(scope="module", params=["fake", "real"])
def plane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    started = (
        control_plane.fake()
        if request.param == "fake"
        else control_plane.real(tmp_path_factory.mktemp("control-plane"))
    )
    with started as running:
        yield running


@pytest.fixture
def namespace(plane: ControlPlane) -> str:
    """A new one with two API processes and a worker."""
    name = f"n{uuid.uuid4().hex[:8]}"
    plane.create(name, **{"engine-api": 2, "engine-worker": 1})
    return name


Connect = Callable[..., KubernetesDriver]


@pytest.fixture
def connect(plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Connect]:
    opened: list[KubernetesDriver] = []

    def opening(token: str = ADMINISTRATOR, names: dict[Kind, str] = NAMES) -> KubernetesDriver:
        path = plane.kubeconfig(tmp_path / f"{token}.yaml", token, namespace=namespace)
        opened.append(KubernetesDriver.connect(names, kubeconfig=path))
        return opened[-1]

    yield opening
    for driver in opened:
        driver.close()


def test_counts_are_what_deployments_want(connect: Connect) -> None:
    assert connect().counts() == Counts(api=2, worker=1)


def test_scaling_one_kind_leaves_the_other(plane: ControlPlane, connect: Connect, namespace: str) -> None:
    # Given a driver
    driver = connect()
    # When workers go up, and again to none
    driver.scale(Kind.WORKER, 5)
    up = driver.counts()
    driver.scale(Kind.WORKER, 0)
    # Then they alone did, and Kubernetes has it
    assert up == Counts(api=2, worker=5)
    assert driver.counts() == Counts(api=2, worker=0)
    assert plane.replicas(namespace, "engine-api") == 2


def test_a_deployment_that_is_not_there_is_named(connect: Connect) -> None:
    driver = connect(names={**NAMES, Kind.WORKER: "gone"})
    with pytest.raises(ClusterError, match=r"no Deployment gone in namespace n\w+: say --worker-deployment"):
        driver.counts()
    with pytest.raises(ClusterError, match="no Deployment gone"):
        driver.scale(Kind.WORKER, 3)


def test_a_missing_right_is_named(plane: ControlPlane, connect: Connect, namespace: str) -> None:
    # Given who may read, and change nothing
    driver = connect(READER)
    assert driver.counts() == Counts(api=2, worker=1)
    # When he scales
    with pytest.raises(ClusterError, match=r"give the verb `update` on `deployments/scale`.*reader") as refused:
        driver.scale(Kind.API, 3)
    # Then nothing changed
    assert namespace in str(refused.value)
    assert plane.replicas(namespace, "engine-api") == 2


def test_a_stranger_is_told_so(connect: Connect) -> None:
    with pytest.raises(ClusterError, match="does not know who asks: renew the credentials"):
        connect(STRANGER).counts()


def test_a_count_that_cannot_be_is_refused(connect: Connect) -> None:
    with pytest.raises(ClusterError, match=r"refuses to update Deployment engine-api \(422\): .*greater than or equal"):
        connect().scale(Kind.API, -1)


def test_a_change_at_the_same_moment_wins(
    plane: ControlPlane, connect: Connect, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given somebody who scales between the driver's look and its change
    driver, other = connect(), connect()
    replace = Client.replace

    def late(*arguments: object, **named: object) -> object:
        monkeypatch.undo()
        other.scale(Kind.WORKER, 7)
        return replace(*arguments, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Client, "replace", late)
    # When the driver scales
    with pytest.raises(ClusterError, match="somebody else changed Deployment engine-worker"):
        driver.scale(Kind.WORKER, 2)
    # Then the other's word holds, and the next try succeeds
    assert plane.replicas(namespace, "engine-worker") == 7
    driver.scale(Kind.WORKER, 2)
    assert driver.counts() == Counts(api=2, worker=2)


def test_a_control_plane_that_is_away_is_one_error(tmp_path: Path) -> None:
    away = ControlPlane(f"http://{ports.LOOPBACK}:{ports.free()}", None)
    driver = KubernetesDriver.connect(NAMES, kubeconfig=away.kubeconfig(tmp_path / "k", READER, namespace="n"))
    with pytest.raises(ClusterError, match="cannot be reached"):
        driver.counts()
    driver.close()


@pytest.mark.parametrize(
    "text", ["", "clusters: {", "clusters: []\ncontexts: []\n", "clusters: []\ncontexts: []\ncurrent-context: gone\n"]
)
def test_a_kubeconfig_without_a_cluster_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="name a kubeconfig with --kubeconfig"):
        KubernetesDriver.connect(NAMES, kubeconfig=path)


def test_outside_of_a_cluster_and_without_a_kubeconfig_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "gone"))
    with pytest.raises(ConfigurationError, match=r"no cluster is known .*gone"):
        KubernetesDriver.connect(NAMES)


def test_a_cluster_without_users_is_asked_without_credentials(plane: ControlPlane, tmp_path: Path) -> None:
    # Given the kubeconfig of a proxy that brings credentials of its own
    path = tmp_path / "kubeconfig"
    path.write_text(
        f"clusters: [{{name: c, cluster: {{server: '{plane.url}', insecure-skip-tls-verify: true}}}}]\n"
        "contexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x\n"
    )
    # Then it is asked; this one wants credentials
    driver = KubernetesDriver.connect(NAMES, kubeconfig=path)
    with pytest.raises(ClusterError, match=r"does not let us get|does not know who asks"):
        driver.counts()
    driver.close()


class _Prometheus(http.server.BaseHTTPRequestHandler):
    """Says that 5000 messages wait, and knows nothing else."""

    def do_GET(self) -> None:
        known = "riskengine_queue_depth" in self.path
        result = [{"metric": {}, "value": [0, "5000"]}] if known else []
        body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keeps quiet."""


@pytest.fixture
def prometheus() -> Iterator[str]:
    """The address of a Prometheus that has seen a deep queue."""
    with control_plane.served(http.server.ThreadingHTTPServer((ports.LOOPBACK, 0), _Prometheus)) as port:
        yield f"http://{ports.LOOPBACK}:{port}"


def test_the_command_scales_deployments_by_what_prometheus_says(
    plane: ControlPlane, namespace: str, prometheus: str, tmp_path: Path
) -> None:
    # Given a policy that acts at once, on workers alone
    policy = tmp_path / "policy.yaml"
    policy.write_text("bounds: {worker: {least: 1, most: 9, step: 3}}\nrules: {HighQueueDepth: {hold_s: 0}}\n")
    kubeconfig = plane.kubeconfig(tmp_path / "kubeconfig", ADMINISTRATOR, namespace="elsewhere")
    # When the command looks
    shown = subprocess.run(
        [
            *(sys.executable, "-m", "riskengine", "autoscale", "--kubernetes", "--once", "--every", "0.1"),
            *("--namespace", namespace, "--kubeconfig", kubeconfig, "--policy", policy, "--prometheus", prometheus),
            *("--api-deployment", NAMES[Kind.API], "--worker-deployment", NAMES[Kind.WORKER]),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    # Then there are a step more of them
    assert shown.returncode == 0, shown.stderr
    assert plane.replicas(namespace, "engine-worker") == 4
    assert plane.replicas(namespace, "engine-api") == 2
    assert "queue depth 5 000 messages above 1 000" in shown.stdout + shown.stderr


async def test_the_autoscaler_goes_on_when_kubernetes_refuses(
    plane: ControlPlane, connect: Connect, namespace: str, prometheus: str
) -> None:
    # Given who may not scale, and a queue that is deep
    at_once = tuple(structs.replace(rule, when=structs.replace(rule.when, hold_s=0)) for rule in RULES)
    policy = Policy({Kind.WORKER: Bounds(1, 9, cooldown_s=0)}, at_once)
    source = PrometheusSource(prometheus)
    refused = Autoscaler(source, connect(READER), policy)
    # When it looks twice
    looks = [await refused.look(at_s) for at_s in (0.0, 15.0)]
    # Then it wants the same both times, and nothing changed
    assert [[action.after for action in look.verdict.actions] for look in looks] == [[2], [2]]
    assert plane.replicas(namespace, "engine-worker") == 1
    # And one that may does so
    await Autoscaler(source, connect(), policy).look(30.0)
    assert plane.replicas(namespace, "engine-worker") == 2
