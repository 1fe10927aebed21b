"""Where a message comes from, as it is carried beside the message."""

import msgspec


class Origin(msgspec.Struct, frozen=True, gc=False):
    """The step of a trace that a message was sent in, and the request it goes back to.

    `traceparent` is as the W3C has it; `request_id` is empty if that is not known. Both may be anything if they came
    from outside: what cannot be read is as good as none.
    """

    traceparent: bytes
    request_id: bytes = b""
