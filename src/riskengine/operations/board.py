"""What `riskengine top` shows: the frame of now, rates of a while, and conditions that hold or held."""

import time
from collections import deque
from collections.abc import Sequence

import msgspec

from riskengine.domain.errors import RiskEngineError
from riskengine.operations import frame, watchlist
from riskengine.operations.frame import Frame
from riskengine.operations.looking import Looker
from riskengine.operations.watchlist import Ended, Holding, Watchlist

REMEMBERED = 30
"""Looks whose rates are remembered: a minute of them, as a rule."""


class Picture(msgspec.Struct, frozen=True):
    """Everything that is shown. `fault` says why nothing is to be seen now; then `frame` is the last one, if any."""

    where: str
    fault: str | None
    frame: Frame | None
    away: Sequence[str]
    accepted: Sequence[float]
    decided: Sequence[float]
    holding: Sequence[Holding]
    over: Sequence[Ended]


class Board:
    """Looks, and remembers."""

    def __init__(self, looker: Looker) -> None:
        self._looker = looker
        self._watchlist = Watchlist(tuple(watchlist.watched()))
        self._accepted: deque[float] = deque(maxlen=REMEMBERED)
        self._decided: deque[float] = deque(maxlen=REMEMBERED)
        self._frame: Frame | None = None
        self._holding: tuple[Holding, ...] = ()

    async def look(self) -> Picture:
        """What there is now. Nothing is raised if there is nothing to be seen: the picture says so."""
        try:
            seen = await self._looker.look()
        except RiskEngineError as error:
            self._holding = self._watchlist.look(time.monotonic(), {})
            return self._picture(str(error), ())
        self._frame = now = frame.of(seen.looks, self._looker.recent_s)
        if now.accepted is not None and now.decided is not None:
            self._accepted.append(now.accepted)
            self._decided.append(now.decided)
        self._holding = self._watchlist.look(time.monotonic(), now.signals)
        return self._picture(None, seen.away)

    def _picture(self, fault: str | None, away: Sequence[str]) -> Picture:
        return Picture(
            where=self._looker.where,
            fault=fault,
            frame=self._frame,
            away=away,
            accepted=tuple(self._accepted),
            decided=tuple(self._decided),
            holding=self._holding,
            over=self._watchlist.over,
        )
