"""All that changes while scoring goes on, in one place."""

import msgspec

from riskengine.scoring.history import History
from riskengine.scoring.peers import Peers
from riskengine.scoring.series import Cell, Cells, Series


class Step(msgspec.Struct, frozen=True):
    """What a transaction adds to one cell of a series: that of a value (a merchant, a device), by number."""

    series: Series
    value: str
    number: int
    cell: Cell


class Memory(msgspec.Struct):
    """The working state of scoring: histories by account id, shared sets and cells of series by key, and the peers.

    An account without a history is a new one, a key without a set or cells an unused one. Engine.score changes it as it
    goes, and notes in `slots` which of the peers it set: (slot, log amount, account type); and in `steps`, if that is
    not None, what it added to series, by account.
    """

    histories: dict[str, History] = msgspec.field(default_factory=dict)
    shared: dict[str, dict[int, int]] = msgspec.field(default_factory=dict)
    peers: Peers = msgspec.field(default_factory=Peers)
    slots: list[tuple[int, int, str]] = msgspec.field(default_factory=list)
    series: dict[str, Cells] = msgspec.field(default_factory=dict)
    steps: dict[str, list[Step]] | None = None

    def replace(self, other: "Memory") -> None:
        """Takes over another memory's content."""
        self.histories, self.shared, self.peers = other.histories, other.shared, other.peers
        self.slots, self.series, self.steps = other.slots, other.series, other.steps
