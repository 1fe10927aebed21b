"""What Kubernetes scales by itself with, as manifests, from the same rules and policy as the autoscaler."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import yaml

from riskengine.autoscaling.hpa import autoscalers
from riskengine.autoscaling.keda import scaled_objects
from riskengine.autoscaling.place import Place
from riskengine.autoscaling.policy import Policy

_WIDTH = 10_000
"""Characters of a line, so that expressions are not folded."""


class Form(StrEnum):
    """Who is to scale."""

    KEDA = "keda"
    HPA = "hpa"


def manifests(form: Form, policy: Policy, place: Place) -> list[dict[str, object]]:
    """The objects. Raises ConfigurationError if the policy is none, or the form cannot hold it."""
    policy.check()
    return scaled_objects(policy, place) if form is Form.KEDA else autoscalers(policy, place)


def as_yaml(objects: Sequence[dict[str, object]]) -> str:
    """Documents of YAML, in the order of their keys, texts of several lines as such."""
    return yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, width=_WIDTH)


class _Dumper(yaml.SafeDumper):
    """Has texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
