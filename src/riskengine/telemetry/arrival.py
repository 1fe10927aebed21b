"""A message that came with its origin."""

from uuid import UUID

import msgspec

from riskengine.telemetry.origin import Origin


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """What arrived: the origin, and the transaction in the message; None if it could not be read."""

    origin: Origin
    transaction_id: UUID | None
