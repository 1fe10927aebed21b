"""What the keys of a partition are called in Valkey: with its hash tag, so that a cluster keeps them in one slot."""

import msgspec

from riskengine.domain import stream_partition

LEASE = f"series:{stream_partition.tag(0)}:lease"
"""Who fills series now."""

PEERS = (f"peers:{stream_partition.tag(0)}:slots", f"peers:{stream_partition.tag(0)}:moments")
"""The sample of peers, of which there is one, with the first partition."""


class Keys(msgspec.Struct, frozen=True):
    """`history`, `shared`, `cells` and `token` are how keys begin; an account's id and so on follows."""

    history: str
    shared: str
    kept: str
    cells: str
    state: str
    token: str

    @classmethod
    def of(cls, partition: int) -> "Keys":
        """Those of the partition."""
        tag = stream_partition.tag(partition)
        return cls(
            history=f"history:{tag}:",
            shared=f"shared:{tag}:",
            kept=f"shared:{tag}:kept",
            cells=f"series:{tag}:",
            state=f"series:{tag}:state",
            token=f"series:{tag}:token:",
        )
