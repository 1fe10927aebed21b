"""Which step of which trace."""

import random

import msgspec


class Place(msgspec.Struct, frozen=True, gc=False):
    """The ids of a step that is recorded, as W3C Trace Context has them.

    `state` is what senders before us gave along for themselves (`tracestate`); `remote` says that the step is of
    another process.
    """

    trace_id: int
    span_id: int
    state: str = ""
    remote: bool = False

    @classmethod
    def new(cls) -> "Place":
        """The first of a trace."""
        return cls(random.getrandbits(128) or 1, random.getrandbits(64) or 1)

    def below(self) -> "Place":
        """One below this, in the same trace."""
        return Place(self.trace_id, random.getrandbits(64) or 1, self.state)

    @property
    def traceparent(self) -> bytes:
        """As it is carried to others."""
        return b"00-%032x-%016x-01" % (self.trace_id, self.span_id)
