"""The queue's port: what the pipeline asks of whatever carries transactions to the workers."""

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from riskengine.telemetry.origin import Origin


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """What is to be published: a body, the account whose partition it goes to, and where it comes from if traced."""

    account_id: str
    body: bytes
    origin: Origin | None = None


class Message(msgspec.Struct, frozen=True, gc=False):
    """One delivery. `message_id` is the stream's own name for it; `body` is what was published.

    `deliveries` says how often it was delivered, this time included, as far as that is known; `origin` is as published.
    """

    stream: str
    message_id: bytes
    body: bytes
    deliveries: int = 1
    origin: Origin | None = None

    @property
    def place(self) -> tuple[str, bytes]:
        """Where it stands: no other message has the same stream and id."""
        return self.stream, self.message_id

    @property
    def published_at(self) -> int:
        """Milliseconds since the epoch, by the stream's clock: its names of messages begin with them."""
        return int(self.message_id.partition(b"-")[0])


class Backlog(msgspec.Struct, frozen=True):
    """What is on one stream: how many messages, delivered or not, and when the oldest was published.

    `oldest` is milliseconds since the epoch, None if there is none. `partition` is None for a stream that is left from
    when there was another number of partitions: its messages may be of any account.
    """

    stream: str
    partition: int | None
    depth: int
    oldest: int | None


class Queue(Protocol):
    """A queue that delivers each message to one consumer, and again to another if it is not acknowledged.

    It may have several partitions, each in the order of publication; consumers cover all of them.
    """

    async def publish(self, items: Sequence[Outgoing]) -> int:
        """Appends messages, in order, and says about how many there are then, delivered or not.

        Raises Unavailable if the queue does not answer or has no room; some may be in it then.
        """

    async def read(self, consumer: str, count: int, wait_ms: int) -> list[Message]:
        """Up to `count` messages that nobody had yet, waiting at most `wait_ms` for the first."""

    async def take_over(
        self, consumer: str, idle_ms: int, count: int, owners: Collection[str] | None = None
    ) -> list[Message]:
        """Up to `count` messages that others had for at least `idle_ms` without acknowledging them.

        With `owners`, only theirs.
        """

    async def hand_back(self, consumer: str, messages: Sequence[Message]) -> None:
        """Lets others take over at once what the consumer had and did not deal with."""

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        """Says that the messages are dealt with: they leave the queue."""

    async def depth(self) -> int:
        """Messages in the queue, delivered or not."""

    async def backlogs(self) -> list[Backlog]:
        """What is on each stream, those of the partitions first and in order."""

    async def holders(self) -> dict[str, int]:
        """The consumers there are, and how many messages each has not acknowledged."""

    async def leave(self, consumer: str) -> None:
        """Forgets a consumer, unless it has something unacknowledged."""

    async def retire(self, idle_ms: int) -> None:
        """Forgets consumers that have not read for `idle_ms` and have nothing unacknowledged."""
