"""What was delivered, sorted out: transactions that can be decided, and messages that never will be."""

from collections.abc import Sequence

import msgspec
import structlog

from riskengine.domain.dead_letter import Failure
from riskengine.domain.errors import Malformed, RiskEngineError
from riskengine.domain.transaction import Transaction
from riskengine.pipeline import failing
from riskengine.streaming import messages as codec
from riskengine.streaming.queue import Message

MOST_DELIVERIES = 10
"""Deliveries of a message that is not settled. Each means a consumer that died or hung while PostgreSQL answered."""

_log = structlog.get_logger()


class WorkersDied(RiskEngineError):
    """The consumers that had the message were never heard of again."""

    def __init__(self, times: int) -> None:
        super().__init__(f"{times} consumers took the message and died or hung; see their logs, correct it, and replay")


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """A message and the transaction in it."""

    message: Message
    transaction: Transaction

    @property
    def account_id(self) -> str:
        return self.transaction.account_id

    def failed(self, error: Exception) -> Failure:
        """The failure to decide it."""
        return failing.undecidable(self.message, self.transaction.transaction_id, error)


class SortedOut(msgspec.Struct, frozen=True):
    """Deliveries to be decided, and failures that no further try would mend."""

    deliveries: list[Delivery]
    hopeless: list[Failure]


def sort_out(messages: Sequence[Message]) -> SortedOut:
    """What can be worked on, and what cannot: messages that are no transaction, or that workers keep dying of."""
    sorted_out = SortedOut([], [])
    for message in messages:
        try:
            delivery = Delivery(message, codec.decode(message.body))
        except Malformed as error:
            message_id = message.message_id.decode()
            _log.error("message_unreadable", stream=message.stream, message_id=message_id, error=type(error).__name__)
            sorted_out.hopeless.append(failing.unreadable(message, error))
            continue
        if message.deliveries > MOST_DELIVERIES:
            sorted_out.hopeless.append(delivery.failed(WorkersDied(message.deliveries - 1)))
        else:
            sorted_out.deliveries.append(delivery)
    return sorted_out
