"""A transaction of which the truth is known."""

from typing import Literal

import msgspec

from riskengine.domain.transaction import Transaction

Label = Literal["fraud", "legitimate"]


class Labelled(msgspec.Struct, frozen=True, gc=False):
    """A transaction, what it really is, and the name of the attack it belongs to (None for normal life)."""

    transaction: Transaction
    label: Label = "legitimate"
    attack: str | None = None
