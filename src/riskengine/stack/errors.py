"""What can go wrong with the embedded stack."""

from riskengine.domain.errors import RiskEngineError


class StackError(RiskEngineError):
    """A part of the embedded stack cannot be started, or did not stay up; the message says which, and why."""
