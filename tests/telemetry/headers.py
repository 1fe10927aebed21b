"""What a client sends that has its request traced."""

import os

import msgspec


class Asked(msgspec.Struct, frozen=True):
    """A trace that a client began: its id, and the header for a request that belongs to it, as bytes and as text."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @classmethod
    def new(cls, *, sampled: bool = True) -> "Asked":
        return cls(os.urandom(16).hex(), os.urandom(8).hex(), sampled)

    @property
    def traceparent(self) -> bytes:
        return f"00-{self.trace_id}-{self.span_id}-0{int(self.sampled)}".encode()

    @property
    def header(self) -> dict[str, str]:
        return {"traceparent": self.traceparent.decode()}
