"""Where manifests are for."""

from collections.abc import Mapping

import msgspec

from riskengine.stack.standing import Kind


class Place(msgspec.Struct, frozen=True):
    """The Deployments to scale, the namespace they are in (None: the one that `kubectl` is told), and Prometheus."""

    deployments: Mapping[Kind, str]
    namespace: str | None
    prometheus: str

    def metadata(self, name: str) -> dict[str, object]:
        """What an object of this place is called, and whose it is."""
        labels = {"app.kubernetes.io/name": "riskengine", "app.kubernetes.io/component": "scaling"}
        where = {} if self.namespace is None else {"namespace": self.namespace}
        return {"name": name, **where, "labels": labels}
