"""Scaling the embedded stack: real processes on this machine."""

from pathlib import Path

from riskengine.autoscaling.policy import Policy
from riskengine.domain.errors import ConfigurationError
from riskengine.stack import scaling
from riskengine.stack.standing import MOST, Counts, Kind


class StackDriver:
    """The processes of the stack that works in the directory.

    Raises StackError if none does, ConfigurationError if the policy allows more processes than a stack may have.
    """

    def __init__(self, directory: Path, policy: Policy) -> None:
        scaling.present(directory)
        for kind, bounds in policy.bounds.items():
            if bounds.most > MOST:
                raise ConfigurationError(
                    f"bounds.{kind}.most is {bounds.most}: a stack on one machine has {MOST} of a kind at most"
                )
        self._directory = directory

    def counts(self) -> Counts:
        """How many it is to have. Raises StackError if no stack runs there."""
        return scaling.present(self._directory).counts

    def scale(self, kind: Kind, count: int) -> None:
        """As `riskengine scale`: waits until it is done. Raises StackError if it cannot be."""
        if kind is Kind.API:
            scaling.scale(self._directory, api=count)
        else:
            scaling.scale(self._directory, worker=count)
