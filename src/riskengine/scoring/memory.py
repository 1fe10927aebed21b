"""All that changes while scoring goes on, in one place."""

import msgspec

from riskengine.scoring.history import History
from riskengine.scoring.peers import Peers


class Memory(msgspec.Struct):
    """The working state of scoring: histories by account id, shared sets by key, and the peers.

    An account without a history is a new one, a key without a set an unused one. Engine.score changes it as it goes,
    and notes in `slots` which of the peers it set: (slot, log amount, account type).
    """

    histories: dict[str, History] = msgspec.field(default_factory=dict)
    shared: dict[str, dict[int, int]] = msgspec.field(default_factory=dict)
    peers: Peers = msgspec.field(default_factory=Peers)
    slots: list[tuple[int, int, str]] = msgspec.field(default_factory=list)

    def replace(self, other: "Memory") -> None:
        """Takes over another memory's content."""
        self.histories, self.shared, self.peers, self.slots = (
            other.histories,
            other.shared,
            other.peers,
            other.slots,
        )
