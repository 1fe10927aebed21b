"""All that changes while scoring goes on, in one place."""

import msgspec

from riskengine.scoring.history import History
from riskengine.scoring.peers import Peers


class Touched(msgspec.Struct):
    """What scoring changed in a memory, to be written back.

    `accounts` are ids (keys, in order of their first change); `shared` is (key, account hash, time in ms); `slots` is
    (slot, log amount, account type).
    """

    accounts: dict[str, None] = msgspec.field(default_factory=dict)
    shared: list[tuple[str, int, int]] = msgspec.field(default_factory=list)
    slots: list[tuple[int, int, str]] = msgspec.field(default_factory=list)


class Memory(msgspec.Struct):
    """The working state of scoring: histories by account id, shared sets by key, and the peers.

    An account without a history is a new one, a key without a set an unused one. Engine.score changes it as it goes.
    """

    histories: dict[str, History] = msgspec.field(default_factory=dict)
    shared: dict[str, dict[int, int]] = msgspec.field(default_factory=dict)
    peers: Peers = msgspec.field(default_factory=Peers)
    touched: Touched = msgspec.field(default_factory=Touched)

    def forget_touched(self) -> None:
        """Begins anew to note what is changed."""
        self.touched = Touched()

    def replace(self, other: "Memory") -> None:
        """Takes over another memory's content."""
        self.histories, self.shared, self.peers, self.touched = (
            other.histories,
            other.shared,
            other.peers,
            other.touched,
        )
