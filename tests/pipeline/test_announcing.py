"""Every dead letter is on the stream transactions-dlq, after it is durable."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import pytest
from redis.asyncio import Redis

from riskengine.domain import clock
from riskengine.domain.dead_letter import DeadLetter
from riskengine.domain.errors import Unavailable
from riskengine.pipeline.announcing import MOST_AT_ONCE, Announcing
from riskengine.resilience import redis as connections
from riskengine.storage import dead_letters
from riskengine.storage.database import Database
from riskengine.streaming.dead_letter_stream import STREAM, DeadLetterStream
from tests import lettered
from tests.lettered import dead, unreadable


class Dying(DeadLetterStream):
    """A stream whose process dies when letters are on it, and that is not noted."""

    async def append(self, letters: Sequence[DeadLetter]) -> None:
        await super().append(letters)
        raise Unavailable("redis")


async def announced(redis: Redis) -> list[dict[str, Any]]:
    """What followers of the stream read."""
    return [msgspec.json.decode(fields[b"letter"]) for _, fields in await redis.xrange(STREAM)]


async def test_a_letter_is_announced_with_all_that_followers_need(database: Database, redis: Redis) -> None:
    # Given a letter
    (letter_id,) = await dead(database, 1, error=ZeroDivisionError("by nothing"))
    letter = await dead_letters.get(database, letter_id)
    assert letter is not None
    # When letters are announced
    assert await Announcing(database, DeadLetterStream(redis)).run_once() == 1
    # Then the stream has it, with what the specification asks for, and more
    (found,) = await announced(redis)
    assert {name: found[name] for name in ("stream", "message", "error", "failed_at")} == {
        "stream": "transactions-dlq",
        "message": {"transaction_id": str(letter.transaction_id), "account_id": "alice", "retry_count": 0},
        "error": "by nothing",
        "failed_at": clock.to_datetime(letter.failed_at).isoformat().replace("+00:00", "Z"),
    }
    assert found["letter_id"] == str(letter_id)
    assert (found["error_class"], found["fingerprint"]) == ("ZeroDivisionError", letter.fingerprint)
    assert (found["stack"], found["worker"], found["versions"]) == (letter.stack, letter.worker, letter.versions)
    assert found["source"] == {"stream": "transactions", "message_id": "1-0"}


async def test_what_could_not_be_read_is_announced_without_its_body(database: Database, redis: Redis) -> None:
    await unreadable(database, [lettered.RUBBISH])
    assert await Announcing(database, DeadLetterStream(redis)).run_once() == 1
    (found,) = await announced(redis)
    assert found["message"] == {"transaction_id": None, "account_id": None, "retry_count": 0}
    assert "body" not in found


async def test_each_letter_is_announced_once_by_whoever_comes_first(database: Database, redis: Redis) -> None:
    # Given more letters than are announced in one go
    made = await dead(database, 2 * MOST_AT_ONCE + 20)
    # When several workers announce at once, until there is nothing left
    workers = [Announcing(database, DeadLetterStream(redis)) for _ in range(4)]
    counts = [await asyncio.gather(*(worker.run_once() for worker in workers)) for _ in range(3)]
    # Then each letter is on the stream once
    assert sum(map(sum, counts)) == len(made)
    assert sorted(UUID(letter["letter_id"]) for letter in await announced(redis)) == made
    assert await workers[0].run_once() == 0


async def test_while_redis_is_away_nothing_is_lost(database: Database, redis: Redis) -> None:
    # Given letters, and nobody who listens
    made = await dead(database, 3)
    nobody = connections.connect("redis://127.0.0.1:1/0", "test")
    # When they are to be announced
    with pytest.raises(Unavailable):
        await Announcing(database, DeadLetterStream(nobody)).run_once()
    await nobody.aclose()
    # Then they are kept, and announced once Redis is back
    assert await Announcing(database, DeadLetterStream(redis)).run_once() == 3
    assert [UUID(letter["letter_id"]) for letter in await announced(redis)] == made


async def test_who_dies_between_announcing_and_noting_announces_again(database: Database, redis: Redis) -> None:
    # Given a process that died when a letter was on the stream, and not noted
    (letter_id,) = await dead(database, 1)
    with pytest.raises(Unavailable):
        await Announcing(database, Dying(redis)).run_once()
    # When another announces
    assert await Announcing(database, DeadLetterStream(redis)).run_once() == 1
    # Then it is there twice, under one id: nothing is lost, and followers can tell
    assert [letter["letter_id"] for letter in await announced(redis)] == [str(letter_id)] * 2
