"""One rule, as data."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from riskengine.domain.outcome import Level

Percent = Annotated[float, Meta(ge=0, le=100)]
Line = Annotated[str, Meta(max_length=500)]
"""A text that is read in one piece."""

Moment = Annotated[datetime, Meta(tz=True)]
Tag = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,31}$")]

Mode = Literal["live", "shadow", "off"]

LISTS = "LIST_"
"""What the ids of rules that lists imply begin with; rules of a rule set may not."""

MOST_TAGS = 16
"""Tags of a rule: more tell nothing apart."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule. `impact` (0..100) is what it adds to the rules' part of the score when it fires.

    `minimum_outcome` is the least that follows from it, `maximum_outcome` the most (see `composite.combine`). A rule in
    shadow mode is evaluated and recorded, and does not count; one that is off never fires. `reason` is a template (see
    `reasons`); without one, the description is what people read. A rule fires only from `valid_from` until before
    `valid_until`, by the time at which a transaction was accepted. `level` and `tags` are for people.
    """

    id: Annotated[str, Meta(pattern="^[A-Z][A-Z0-9_]{0,63}$")]
    name: Annotated[str, Meta(max_length=100)]
    description: Line
    expression: str
    impact: Percent
    level: Level
    minimum_outcome: Literal["review", "decline"] | None = None
    maximum_outcome: Literal["approve"] | None = None
    mode: Mode = "live"
    reason: Line = ""
    tags: Annotated[tuple[Tag, ...], Meta(max_length=MOST_TAGS)] = ()
    valid_from: Moment | None = None
    valid_until: Moment | None = None
