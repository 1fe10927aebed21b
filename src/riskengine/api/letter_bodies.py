"""What is sent to replay or discard dead letters: bounded, and read."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request
from msgspec import Meta

from riskengine.api import payloads
from riskengine.domain import clock
from riskengine.domain.errors import FieldError, InvalidInput
from riskengine.domain.shape import WHOLE, Shape
from riskengine.pipeline.dead_letters import DEFAULT_MOST, DEFAULT_RATE, HIGHEST_RATE, LARGEST_MOST, LEAST_RATE
from riskengine.storage.dead_letters import Selection

LARGEST_BODY = 64 << 10
"""Bytes: a thousand ids are two thirds of it."""

_Time = Annotated[datetime, Meta(tz=True)]
_OFFSET = "RFC 3339 with an offset, such as 2026-01-31T12:00:00Z"


class DiscardPayload(msgspec.Struct, frozen=True, kw_only=True):
    """Which letters, and why."""

    letter_ids: Annotated[list[UUID] | None, Meta(description="these letters: an array of ids of letters")] = None
    fingerprint: Annotated[str | None, Meta(description="those of a cause: text")] = None
    error_class: Annotated[str | None, Meta(description="those with an error of this class: text")] = None
    account_id: Annotated[str | None, Meta(description="those of an account: text")] = None
    since: Annotated[_Time | None, Meta(description=f"made then or later: {_OFFSET}")] = msgspec.field(
        default=None, name="from"
    )
    until: Annotated[_Time | None, Meta(description=f"made before then: {_OFFSET}")] = msgspec.field(
        default=None, name="to"
    )
    all: Annotated[bool, Meta(description="all that are open: true or false")] = False
    limit: Annotated[int, Meta(description=f"at most so many: a whole number from 1 to {LARGEST_MOST}")] = DEFAULT_MOST
    note: Annotated[str, Meta(description="why: text of at most 500 characters")] = ""

    @property
    def selection(self) -> Selection:
        """The letters that are meant. Raises InvalidInput if that is not said, or said twice."""
        wanted = Selection(
            letter_ids=None if self.letter_ids is None else tuple(self.letter_ids),
            fingerprint=self.fingerprint,
            error_class=self.error_class,
            account_id=self.account_id,
            since=0 if self.since is None else clock.to_ms(self.since),
            until=None if self.until is None else clock.to_ms(self.until),
        )
        if self.all and not wanted.everything:
            raise InvalidInput((FieldError("all", "must stand alone; leave it out, or everything that narrows it"),))
        if wanted.everything and not self.all:
            fault = "says of no letters that they are meant; give letter_ids, or filters, or all: true"
            raise InvalidInput((FieldError(WHOLE, fault),))
        return wanted


class ReplayPayload(DiscardPayload, frozen=True, kw_only=True):
    """Which letters, how fast, and why."""

    rate: Annotated[
        float, Meta(description=f"transactions a second: a number from {LEAST_RATE:g} to {HIGHEST_RATE:g}")
    ] = DEFAULT_RATE


_DISCARD, _REPLAY = Shape(DiscardPayload), Shape(ReplayPayload)


async def discard(request: Request[Any, Any, Any]) -> DiscardPayload:
    """Letters to be discarded. Raises what bodies raise, Malformed and InvalidInput."""
    return payloads.right(_DISCARD, DiscardPayload, await payloads.json_of(request, LARGEST_BODY))


async def replay(request: Request[Any, Any, Any]) -> ReplayPayload:
    """Letters to be replayed. Raises what bodies raise, Malformed and InvalidInput."""
    return payloads.right(_REPLAY, ReplayPayload, await payloads.json_of(request, LARGEST_BODY))
