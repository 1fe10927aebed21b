"""What fails in a scenario, and when."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from riskengine.capacity.whatif.arrivals import Lasting, Second
from riskengine.stack.standing import Kind


class _Failure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="what"):
    """Something fails at a moment; `what` names it."""

    at_s: Second


class Killed(_Failure, frozen=True, tag="killed", kw_only=True):
    """`count` processes of a kind die, and as many are there again after `back_after_s`; never, if that is null.

    What a worker had in hand is taken over by others when its heartbeat has been missed.
    """

    process: Kind
    count: Annotated[int, Meta(ge=1)] = 1
    back_after_s: Lasting | None = 5.0

    @property
    def told(self) -> str:
        """In words."""
        name = "API process" if self.process is Kind.API else "worker"
        return f"{self.count} {name}{'' if self.count == 1 else 's' if self.process is Kind.WORKER else 'es'} killed"


class Away(_Failure, frozen=True, tag="away", kw_only=True):
    """PostgreSQL or Valkey does not answer for `for_s`."""

    part: Literal["postgresql", "valkey"]
    for_s: Lasting

    @property
    def told(self) -> str:
        """In words."""
        return f"{'PostgreSQL' if self.part == 'postgresql' else 'Valkey'} away for {self.for_s:g} s"


class Slow(_Failure, frozen=True, tag="slow", kw_only=True):
    """API processes, workers or both take `factor` times as long for everything, for `for_s`."""

    processes: Literal["api", "worker", "both"] = "both"
    factor: Annotated[float, Meta(ge=1, le=1000)]
    for_s: Lasting

    @property
    def told(self) -> str:
        """In words."""
        name = {"api": "API processes", "worker": "workers", "both": "everything"}[self.processes]
        return f"{name} {self.factor:g} times as slow for {self.for_s:g} s"


Failure = Killed | Away | Slow
