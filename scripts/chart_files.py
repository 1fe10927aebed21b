"""Writes what of the Helm chart follows from the code: `python scripts/chart_files.py`.

values.schema.json has every setting of the engine with its limits; files/keda.yaml and files/hpa.yaml have what
Kubernetes scales by, from the scaling rules, with names and bounds that the chart replaces.
"""

import json
from pathlib import Path
from typing import Any

import yaml
from msgspec import inspect

from riskengine.autoscaling.manifests import Form, as_yaml, manifests
from riskengine.autoscaling.place import Place
from riskengine.autoscaling.policy import Bounds, Policy
from riskengine.settings import table
from riskengine.stack.standing import Kind

CHART = Path(__file__).parents[1] / "deploy" / "chart" / "riskengine"

OURS = {
    *("DATABASE_URL", "DATABASE_REPLICA_URLS", "REDIS_URL"),
    *("API_HOST", "API_PORT", "WORKER_METRICS_HOST", "WORKER_METRICS_PORT", "PROCESS_MEMORY_MIB"),
    "FAIL_POINTS",
}
"""Settings that the chart gives itself, and one that nobody gives in production."""

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
COUNT: Schema = {"type": "integer", "minimum": 1}


def _object(required: bool = True, **properties: Schema) -> Schema:
    found: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**found, "required": list(properties)} if required else found


def _setting(kind: inspect.Type) -> Schema:
    match kind:
        case inspect.UnionType(types):
            return _setting(next(member for member in types if not isinstance(member, inspect.NoneType)))
        case inspect.Metadata():
            return _setting(kind.type)
        case inspect.IntType() | inspect.FloatType():
            limits = {"minimum": kind.ge, "maximum": kind.le, "exclusiveMinimum": kind.gt, "exclusiveMaximum": kind.lt}
            word = "integer" if isinstance(kind, inspect.IntType) else "number"
            return {"type": word} | {name: limit for name, limit in limits.items() if limit is not None}
        case inspect.LiteralType():
            return {"enum": sorted(kind.values)}
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.StrType():
            return {**TEXT, "pattern": kind.pattern} if kind.pattern else TEXT
    raise TypeError(f"no schema for a setting of {kind}: add one here")


def _settings() -> Schema:
    rows = [row for row in table() if row.variable not in OURS]
    return _object(required=False, **{row.variable: {**_setting(row.type), "description": row.meaning} for row in rows})


def _resources() -> Schema:
    quantity = {"type": "string", "pattern": r"^\d+(\.\d+)?(m|Ki|Mi|Gi|k|M|G)?$"}
    share = _object(required=False, cpu=quantity, memory=quantity)
    return _object(requests=share, limits={**share, "required": ["memory"]})


def schema() -> Schema:
    """The schema of values.yaml: nothing is allowed that the chart does not use."""
    bounds = _object(least=COUNT, most=COUNT)
    kind = {"replicas": COUNT, "resources": _resources()}
    service = _object(
        type={"enum": ["ClusterIP", "NodePort", "LoadBalancer"]},
        port={"type": "integer", "minimum": 1, "maximum": 65535},
        annotations=TEXTS,
    )
    whole = _object(
        image=_object(
            repository=TEXT,
            tag={"type": "string"},
            pullPolicy={"enum": ["Always", "IfNotPresent", "Never"]},
            pullSecrets={"type": "array", "items": TEXT},
        ),
        secret=_object(
            name=TEXT,
            databaseUrlKey=TEXT,
            redisUrlKey=TEXT,
            migrateDatabaseUrlKey=TEXT,
            replicaUrlsKey={"type": "string"},
        ),
        settings=_settings(),
        api=_object(**kind, service=service),
        worker=_object(**kind),
        scaling=_object(
            by={"enum": ["none", "keda", "hpa", "engine"]},
            prometheus={"type": "string", "pattern": "^https?://"},
            api=bounds,
            worker=bounds,
        ),
        disruption=_object(maxUnavailable=COUNT),
        monitoring=_object(
            enabled={"type": "boolean"}, interval={"type": "string", "pattern": r"^\d+(ms|s|m)$"}, labels=TEXTS
        ),
        serviceAccount=_object(annotations=TEXTS),
        podAnnotations=TEXTS,
        nodeSelector=TEXTS,
        tolerations={"type": "array", "items": {"type": "object"}},
    )
    # Helm gives `global` to every chart.
    whole["properties"]["global"] = {"type": "object"}
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of the chart riskengine", **whole}


def scaling(form: Form) -> str:
    """The manifests of a form as one list, as a template reads them."""
    policy = Policy({Kind.API: Bounds(1, 1), Kind.WORKER: Bounds(1, 1)})
    place = Place({Kind.API: "api", Kind.WORKER: "worker"}, None, "http://prometheus")
    top = "# Made by scripts/chart_files.py from the scaling rules; the chart sets names, bounds and the address.\n"
    objects = list(yaml.safe_load_all(as_yaml(manifests(form, policy, place))))
    return top + as_yaml([objects])  # type: ignore[list-item]


def files() -> dict[Path, str]:
    """Each file with its text."""
    texts = {CHART / "files" / f"{form}.yaml": scaling(form) for form in Form}
    return {**texts, CHART / "values.schema.json": json.dumps(schema(), indent=2) + "\n"}


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
