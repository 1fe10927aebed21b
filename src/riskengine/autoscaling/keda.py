"""A policy as ScaledObjects of KEDA."""

from riskengine.autoscaling import asking
from riskengine.autoscaling.asking import RESOLUTION_S, Question
from riskengine.autoscaling.place import Place
from riskengine.autoscaling.policy import Policy


def scaled_objects(policy: Policy, place: Place) -> list[dict[str, object]]:
    """One for each kind that the policy bounds. Raises ConfigurationError if the form cannot hold the policy."""
    return [
        {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": place.metadata(place.deployments[kind]),
            "spec": {
                "scaleTargetRef": {"name": place.deployments[kind]},
                "pollingInterval": RESOLUTION_S,
                "minReplicaCount": bounds.least,
                "maxReplicaCount": bounds.most,
                "advanced": {"horizontalPodAutoscalerConfig": {"behavior": asking.behavior(kind, bounds)}},
                "triggers": [_trigger(question, place) for question in asking.questions(kind, policy)],
            },
        }
        for kind, bounds in policy.bounds.items()
    ]


def _trigger(question: Question, place: Place) -> dict[str, object]:
    """`Value`: the answer as it is, and not its share of each pod. An answer that is missing is an error, and not 0."""
    return {
        "type": "prometheus",
        "name": question.name,
        "metricType": "Value",
        "metadata": {
            "serverAddress": place.prometheus,
            "query": question.promql,
            "threshold": "1",
            "ignoreNullValues": "false",
        },
    }
