"""ScaledObjects, held against models that were made of KEDA's own schema."""

from typing import Any

from cloudcoil.models.keda.v1alpha1 import ScaledObject

METADATA = {"serverAddress", "query", "threshold", "ignoreNullValues"}
"""What its documentation has for a trigger by Prometheus; its schema leaves that to the kind of trigger."""


def check(scaled: Any) -> None:
    """Asserts that it is a ScaledObject and nothing besides: what the models do not know, they lose."""
    assert ScaledObject.model_validate(scaled).model_dump(mode="json", by_alias=True, exclude_unset=True) == scaled
    for trigger in scaled["spec"]["triggers"]:
        assert set(trigger["metadata"]) == METADATA
