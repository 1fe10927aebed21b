"""Messages that are sent together, of which some are traced."""

from collections.abc import Mapping, Sequence

from riskengine.telemetry.origin import Origin
from riskengine.telemetry.recorded import Recorded
from riskengine.telemetry.together import Messages


class Sending(Messages):
    """The step in which they are sent. `origins` is what each is to carry, in order; None for what is not traced."""

    __slots__ = ("origins",)

    def __init__(self, steps: Mapping[Origin, Recorded], given: Sequence[Origin | None]) -> None:
        """`steps` are those of the messages, by the origin they were `given`."""
        super().__init__(list(steps.values()), {})
        carried = {origin: step.origin for origin, step in steps.items()}
        self.origins = [None if origin is None else carried.get(origin) for origin in given]
