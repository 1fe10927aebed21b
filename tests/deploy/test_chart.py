"""The Helm chart: its values against their schema; and, where Helm is, what it makes, by Kubernetes' own schemas."""

import copy
import inspect
import json
import os
import runpy
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from riskengine.autoscaling import plan
from riskengine.capacity import deployment
from riskengine.cli import autoscale
from riskengine.operations.scaling_rules import RULES
from riskengine.settings import Settings
from riskengine.stack.standing import Kind
from tests.autoscaling import control_plane, keda
from tests.autoscaling.control_plane import ControlPlane
from tests.autoscaling.test_manifests import KUBERNETES
from tests.deploy.planned import PLANNED

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "chart" / "riskengine"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
SECRETS = {"DATABASE_URL": "postgresql://u:p@h/d", "REDIS_URL": "redis://h:6379/0"}
BY = ("none", "keda", "hpa", "engine")


def test_what_follows_from_the_code_is_up_to_date() -> None:
    files = runpy.run_path(str(ROOT / "scripts" / "chart_files.py"))["files"]()
    assert {path.name for path in files} == {"values.schema.json", "keda.yaml", "hpa.yaml"}
    for path, text in files.items():
        assert path.read_text() == text, f"{path.name} is old: run python scripts/chart_files.py"


def test_the_values_are_what_the_schema_takes() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(VALUES, SCHEMA)


def _changed(place: str, value: Any) -> Any:
    values = copy.deepcopy(VALUES)
    *way, last = place.split(".")
    inner = values
    for step in way:
        inner = inner[step]
    inner[last] = value
    return values


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("api.replica", 3),
        ("api.replicas", 0),
        ("worker.replicas", "two"),
        ("worker.resources.limits", {"cpu": "1"}),
        ("api.resources.requests.memory", "128MB"),
        ("settings.API_DB_POOL_MAXIMUM", 10),
        ("settings.API_DB_POOL_MAX", 100_000),
        ("settings.LOG_LEVEL", "loud"),
        ("settings.DATABASE_URL", "postgresql://u:secret@h/d"),
        ("settings.FAIL_POINTS", "/tmp"),
        ("scaling.by", "hope"),
        ("scaling.prometheus", "prometheus:9090"),
        ("secret.name", ""),
    ],
)
def test_values_that_mean_nothing_are_refused(place: str, value: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(_changed(place, value), SCHEMA)


def test_what_a_plan_writes_is_taken() -> None:
    planned = deployment.for_chart(PLANNED)
    values = {name: {**VALUES[name], **planned.get(name, {})} if name in planned else VALUES[name] for name in VALUES}
    assert set(planned) <= set(VALUES)
    jsonschema.validate(values, SCHEMA)


def test_settings_of_every_kind_are_taken() -> None:
    jsonschema.validate(_changed("settings", {"LOG_FORMAT": "console", "QUEUE_LIMIT": 10_000_000}), SCHEMA)


def render(tmp_path: Path, values: dict[str, Any]) -> list[Any]:
    """What Helm makes of the chart with these values over its own; skips where it is not."""
    helm = os.environ.get("RISKENGINE_HELM") or shutil.which("helm")
    if helm is None:
        pytest.skip("no helm: put it on PATH or name it in RISKENGINE_HELM")
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump(values))
    command = [helm, "template", "pay", CHART, "--namespace", "payments", "--kube-version", KUBERNETES, "-f", path]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return [document for document in yaml.safe_load_all(made.stdout) if document]


def named(documents: list[Any], kind: str, name: str) -> Any:
    (found,) = [one for one in documents if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


def container(documents: list[Any], kind: str, name: str) -> Any:
    (only,) = named(documents, kind, name)["spec"]["template"]["spec"]["containers"]
    return only


@pytest.mark.parametrize("by", BY)
def test_what_helm_makes_is_of_kubernetes_schemas(tmp_path: Path, by: str) -> None:
    # Given the chart with all its parts
    documents = render(tmp_path, {"scaling": {"by": by}, "monitoring": {"enabled": True}})
    # Then each object is as its schema wants it
    for document in documents:
        if document["kind"] == "ScaledObject":
            keda.check(document)
        elif not document["apiVersion"].startswith("monitoring.coreos.com/"):
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
    # And who scales alone says how many there are
    for name in ("pay-api", "pay-worker"):
        assert ("replicas" in named(documents, "Deployment", name)["spec"]) == (by == "none")
    # And what selects pods finds those of its component
    for document in documents:
        kind, spec = document["kind"], document.get("spec", {})
        if kind in ("PodDisruptionBudget", "Deployment", "PodMonitor", "ServiceMonitor"):
            component = document["metadata"]["labels"]["app.kubernetes.io/component"]
            pod = named(documents, "Deployment", f"pay-{component}")["spec"]["template"]["metadata"]["labels"]
            assert spec["selector"]["matchLabels"].items() <= pod.items()


def test_processes_understand_what_they_are_given(tmp_path: Path) -> None:
    documents = render(tmp_path, {"settings": {"QUEUE_LIMIT": 10_000_000, "SHUTDOWN_DEADLINE_MS": 61_500}})
    config = named(documents, "ConfigMap", "pay-settings")["data"]
    assert config["QUEUE_LIMIT"] == "10000000"
    for name, extra in (("api", 15), ("worker", 10)):
        # Given the environment of a process
        process = container(documents, "Deployment", f"pay-{name}")
        own = {entry["name"]: entry.get("value") for entry in process["env"]}
        given = {**config, **{key: value for key, value in own.items() if value is not None}, **SECRETS}
        # Then it is good, and reachable from other pods
        settings = Settings.load(given)
        assert settings.queue_limit == 10_000_000
        port = process["ports"][0]["containerPort"]
        reached = (
            (settings.api_host, settings.api_port)
            if name == "api"
            else (
                settings.worker_metrics_host,
                settings.worker_metrics_port,
            )
        )
        assert reached == ("0.0.0.0", port)
        # And it gets the time that it takes to end
        pod = named(documents, "Deployment", f"pay-{name}")["spec"]["template"]["spec"]
        assert pod["terminationGracePeriodSeconds"] == 62 + extra
        assert set(SECRETS) <= {entry["name"] for entry in process["env"] if "valueFrom" in entry}


def test_a_plan_is_carried_out(tmp_path: Path) -> None:
    # Given the values that the planner writes, which the schema takes
    planned = deployment.for_chart(PLANNED)
    documents = render(tmp_path, planned)
    # Then there are as many processes, as large, and with such settings
    for name, count, cpu, memory in (("api", 7, "850m", "300Mi"), ("worker", 9, "700m", "280Mi")):
        assert named(documents, "Deployment", f"pay-{name}")["spec"]["replicas"] == count
        resources = container(documents, "Deployment", f"pay-{name}")["resources"]
        assert resources == {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}
    config = named(documents, "ConfigMap", "pay-settings")["data"]
    assert {name: config[name] for name in planned["settings"]} == {
        name: str(value) for name, value in planned["settings"].items()
    }


def test_no_process_may_do_anything_but_its_work(tmp_path: Path) -> None:
    documents = render(tmp_path, {"scaling": {"by": "engine"}})
    pods = [one for one in documents if one["kind"] in ("Deployment", "Job")]
    assert len(pods) == 4
    for one in pods:
        spec = one["spec"]["template"]["spec"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["automountServiceAccountToken"] == (one["metadata"]["name"] == "pay-autoscale")
        (only,) = spec["containers"]
        security = only["securityContext"]
        assert (security["readOnlyRootFilesystem"], security["allowPrivilegeEscalation"]) == (True, False)
        assert security["capabilities"] == {"drop": ["ALL"]}


def test_the_autoscaler_understands_what_it_is_told(tmp_path: Path) -> None:
    # Given the chart with the engine's own autoscaler
    documents = render(tmp_path, {"scaling": {"by": "engine", "worker": {"least": 2, "most": 20}}})
    # Then its policy is one
    path = tmp_path / "policy.yaml"
    path.write_text(named(documents, "ConfigMap", "pay-autoscale")["data"]["policy.yaml"])
    bounds = plan.read(path).policy.bounds
    assert {kind: (one.least, one.most) for kind, one in bounds.items()} == {Kind.API: (2, 8), Kind.WORKER: (2, 20)}
    # And its options are known, and name Deployments that it may scale
    command, *options = container(documents, "Deployment", "pay-autoscale")["args"]
    given = dict(option.removeprefix("--").partition("=")[::2] for option in options)
    known = inspect.signature(autoscale.command).parameters
    assert command == "autoscale"
    assert {name.replace("-", "_") for name in given} <= set(known)
    (rule,) = named(documents, "Role", "pay-autoscale")["rules"]
    assert rule["resourceNames"] == [given["api-deployment"], given["worker-deployment"]]
    for name in rule["resourceNames"]:
        named(documents, "Deployment", name)


def test_bounds_and_prometheus_are_those_of_the_values(tmp_path: Path) -> None:
    scaling = {"prometheus": "http://p:1", "api": {"least": 3, "most": 4}, "worker": {"least": 5, "most": 6}}
    keda = render(tmp_path, {"scaling": {**scaling, "by": "keda"}})
    hpa = render(tmp_path, {"scaling": {**scaling, "by": "hpa"}})
    for kind, least, most in (("api", 3, 4), ("worker", 5, 6)):
        scaled = named(keda, "ScaledObject", f"pay-{kind}")["spec"]
        assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (least, most)
        assert scaled["scaleTargetRef"] == {"name": f"pay-{kind}"}
        assert {trigger["metadata"]["serverAddress"] for trigger in scaled["triggers"]} == {"http://p:1"}
        assert len(scaled["triggers"]) == sum(rule.kind == kind for rule in RULES)
        autoscaler = named(hpa, "HorizontalPodAutoscaler", f"pay-{kind}")["spec"]
        assert (autoscaler["minReplicas"], autoscaler["maxReplicas"]) == (least, most)


@pytest.mark.parametrize("by", ["keda", "engine"])
def test_bounds_the_wrong_way_round_are_refused(tmp_path: Path, by: str) -> None:
    with pytest.raises(AssertionError, match=r"scaling.api: most \(1\) is below least \(2\)"):
        render(tmp_path, {"scaling": {"by": by, "api": {"least": 2, "most": 1}}})


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with control_plane.real(tmp_path_factory.mktemp("control-plane")) as running:
        running.create("payments")
        yield running


@pytest.mark.parametrize("by", ["none", "hpa", "engine"])
def test_a_real_control_plane_takes_all_of_it(plane: ControlPlane, tmp_path: Path, by: str) -> None:
    for document in render(tmp_path, {"scaling": {"by": by}}):
        plane.accepts("payments", document)
