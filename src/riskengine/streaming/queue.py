"""The queue's port: what the pipeline asks of whatever carries transactions to the workers."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Message(msgspec.Struct, frozen=True, gc=False):
    """One delivery. `message_id` is the queue's own name for it; `body` is what was published.

    `deliveries` says how often it was delivered, this time included, as far as that is known.
    """

    message_id: bytes
    body: bytes
    deliveries: int = 1


class Queue(Protocol):
    """A queue that delivers each message to one consumer, and again to another if it is not acknowledged."""

    async def publish(self, bodies: Sequence[bytes]) -> int:
        """Appends messages, in order, and says how many there are then, delivered or not.

        Raises Unavailable if the queue does not answer or has no room; some may be in it then.
        """

    async def read(self, consumer: str, count: int, wait_ms: int) -> list[Message]:
        """Up to `count` messages that nobody had yet, waiting at most `wait_ms` for the first."""

    async def take_over(self, consumer: str, idle_ms: int, count: int) -> list[Message]:
        """Up to `count` messages that another consumer had for at least `idle_ms` without acknowledging them."""

    async def hand_back(self, consumer: str, messages: Sequence[Message]) -> None:
        """Lets others take over at once what the consumer had and did not deal with."""

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        """Says that the messages are dealt with: they leave the queue."""

    async def depth(self) -> int:
        """Messages in the queue, delivered or not."""

    async def oldest(self) -> int | None:
        """When the oldest message in the queue was published, in milliseconds since the epoch; None if it is empty."""

    async def leave(self, consumer: str) -> None:
        """Forgets a consumer, unless it has something unacknowledged."""

    async def retire(self, idle_ms: int) -> None:
        """Forgets consumers that have not read for `idle_ms` and have nothing unacknowledged."""
