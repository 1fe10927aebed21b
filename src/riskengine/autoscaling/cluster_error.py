"""What Kubernetes does not do."""

from riskengine.domain.errors import RiskEngineError


class ClusterError(RiskEngineError):
    """Kubernetes cannot be asked, or refuses. Nothing was changed; the message says what to do."""
