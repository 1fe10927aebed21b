"""The stream `transactions-dlq`: dead letters for those who follow them, the newest ones. PostgreSQL has them all."""

from collections.abc import Sequence

import msgspec

from riskengine.domain import clock
from riskengine.domain.dead_letter import DeadLetter
from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import PART, Client, absence_as_unavailable

STREAM = "transactions-dlq"

MOST = 10_000
"""Entries that the stream keeps, about: some 20 MB, as errors go."""

_encode = msgspec.json.Encoder().encode


class DeadLetterStream:
    """Entries have the field `letter`: JSON with stream, message, error, failed_at and all else that is known.

    `message` holds transaction_id, account_id and retry_count. A letter may come twice, under the same `letter_id`.
    """

    def __init__(self, redis: Client, *, breaker: Breaker | None = None) -> None:
        self._redis = redis
        self._breaker = breaker or Breaker(PART)

    async def append(self, letters: Sequence[DeadLetter]) -> None:
        """Appends letters, in order. Raises Unavailable; some may be on the stream then."""
        with absence_as_unavailable(self._breaker):
            pipeline = self._redis.pipeline(transaction=False)
            for letter in letters:
                pipeline.execute_command("XADD", STREAM, "MAXLEN", "~", MOST, "*", b"letter", _encode(_entry(letter)))
            await pipeline.execute()


def _entry(letter: DeadLetter) -> dict[str, object]:
    return {
        "letter_id": letter.letter_id,
        "stream": STREAM,
        "message": {
            "transaction_id": letter.transaction_id,
            "account_id": letter.account_id,
            "retry_count": letter.retry_count,
        },
        "error": letter.error,
        "failed_at": clock.to_datetime(letter.failed_at),
        "error_class": letter.error_class,
        "fingerprint": letter.fingerprint,
        "stack": letter.stack,
        "worker": letter.worker,
        "versions": letter.versions,
        "source": {"stream": letter.stream, "message_id": letter.message_id},
    }
