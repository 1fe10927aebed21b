"""A request as the handlers without a framework get it."""

import msgspec

from riskengine.api.answers import Receive
from riskengine.api.bodies import Headers
from riskengine.api.toll import Toll


class Asked(msgspec.Struct, frozen=True):
    """A request that was let in. `rest` is what follows its route in the path, still percent-encoded."""

    headers: Headers
    receive: Receive
    rest: str
    toll: Toll
