"""A name that an expression may speak of."""

import msgspec

from riskengine.scoring.rules.tree import Kind


class Name(msgspec.Struct, frozen=True):
    """What a name stands for, and the Python expression that reads it where expressions are compiled.

    A number that is only ever 0 or 1 (`is_flag`) may stand as a truth by itself. `call` is another way to write the
    name, as in `hour()`; words in its brackets that are no names themselves mean nothing elsewhere.
    """

    kind: Kind
    read: str
    is_flag: bool = False
    call: str = ""
