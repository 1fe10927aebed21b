"""What an autoscaler acts through."""

from typing import Protocol

from riskengine.stack.standing import Counts, Kind


class Driver(Protocol):
    """Shows and changes how many processes are wanted, wherever they run. Calls may take long: use them in a thread."""

    def counts(self) -> Counts:
        """How many processes of each kind are wanted now. Raises a RiskEngineError if that cannot be known."""

    def scale(self, kind: Kind, count: int) -> None:
        """Has so many of a kind from now on, and leaves the other kind alone.

        Raises a RiskEngineError that says why if that cannot be; then there are as many as before.
        """
