"""What can go wrong with looking at figures."""

from riskengine.domain.errors import RiskEngineError


class ReadError(RiskEngineError):
    """Figures cannot be read: the message says from where, and why."""
