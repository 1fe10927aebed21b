"""A policy as HorizontalPodAutoscalers over the Prometheus adapter, and what the adapter is to be told."""

import re

import yaml

from riskengine.autoscaling import asking
from riskengine.autoscaling.asking import Question
from riskengine.autoscaling.place import Place
from riskengine.autoscaling.policy import Bounds, Policy
from riskengine.stack.standing import Kind

ADAPTER = "riskengine-prometheus-adapter"
"""The ConfigMap whose `externalRules` belong into the adapter's own configuration."""


def autoscalers(policy: Policy, place: Place) -> list[dict[str, object]]:
    """The ConfigMap for the adapter, and an HPA for each kind that the policy bounds.

    Raises ConfigurationError if the form cannot hold the policy.
    """
    asked = {kind: asking.questions(kind, policy) for kind in policy.bounds}
    every = [question for some in asked.values() for question in some]
    adapter: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": place.metadata(ADAPTER),
        "data": {"config.yaml": _adapter(every)},
    }
    return [adapter, *(_autoscaler(kind, policy.bounds[kind], some, place) for kind, some in asked.items())]


def _autoscaler(kind: Kind, bounds: Bounds, asked: list[Question], place: Place) -> dict[str, object]:
    name = place.deployments[kind]
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": place.metadata(name),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": bounds.least,
            "maxReplicas": bounds.most,
            "behavior": asking.behavior(kind, bounds),
            "metrics": [_metric(question) for question in asked],
        },
    }


def _metric(question: Question) -> dict[str, object]:
    return {
        "type": "External",
        "external": {"metric": {"name": _name(question)}, "target": {"type": "Value", "value": "1"}},
    }


def _adapter(questions: list[Question]) -> str:
    """Each question as a metric of its own. The adapter wants a series by which it finds that there is one."""
    rules = [
        {
            "seriesQuery": _series(question),
            "resources": {"namespaced": False},
            "name": {"as": _name(question)},
            "metricsQuery": question.promql,
        }
        for question in {question.name: question for question in questions}.values()
    ]
    return yaml.safe_dump({"externalRules": rules}, sort_keys=False, width=10_000)


def _name(question: Question) -> str:
    return "riskengine" + re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), question.name)


def _series(question: Question) -> str:
    found = re.search(r"riskengine_\w+", question.promql)
    return "up" if found is None else found[0]
