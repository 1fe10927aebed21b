"""One figure of a plan, and why it is that."""

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """A value with its unit; `because` is the sum behind it, in one line."""

    value: float
    unit: str
    because: str
