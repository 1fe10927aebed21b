"""Replaying accounts: what their histories were, decision by decision, and whether the features are the same."""

from collections.abc import Collection, Mapping
from math import inf

import msgspec

from riskengine.domain.account import Account
from riskengine.domain.clock import DAY
from riskengine.domain.errors import ConfigurationError, NotFound
from riskengine.domain.outcome import Outcome
from riskengine.pipeline.engines import Engines
from riskengine.pipeline.proof.bits import Selection, Unlike
from riskengine.pipeline.proof.found import Found
from riskengine.scoring import event as events
from riskengine.scoring.engine import Engine
from riskengine.scoring.event import Event
from riskengine.scoring.features.catalogue import Feature
from riskengine.scoring.history import History
from riskengine.scoring.memory import Memory
from riskengine.scoring.money import Rates
from riskengine.scoring.records import CHANGE_REACH
from riskengine.storage.attributes import Attributes
from riskengine.storage.replays import Remembered

_NOBODY = Memory()


def _is_own(feature: Feature) -> bool:
    return feature.entity == "account"


class _Replayed(msgspec.Struct):
    """An account while it is replayed: its history by horizon, and the time of its newest event (ms)."""

    account_id: str
    histories: dict[int, History]
    newest: float = -inf


class Remembering:
    """Computes the account features of decisions again, in their account's order, and compares them with the stored.

    A process may still hold a history that reaches back further than the catalogue of now, from when a catalogue with
    longer windows ran: so there is one history for each horizon, and a decision may have been made on any that reaches
    far enough. As long as a history is exact and nothing comes late, all of them give the same.
    """

    def __init__(self, engines: Engines, found: Found, by_catalogue: Mapping[int, Engine], horizons: set[int]) -> None:
        """`by_catalogue` are engines by their catalogue; `horizons` (days) those of all catalogues that ever ran."""
        self._engines = engines
        self._found = found
        self._by_catalogue = by_catalogue
        self._own = {version: Selection(engine.catalogue, _is_own) for version, engine in by_catalogue.items()}
        self._reach = {version: engine.catalogue.horizon for version, engine in by_catalogue.items()}
        used = set(self._reach.values())
        self._horizons = sorted(used | {days for days in horizons if days > min(used, default=days)})
        self._rates: dict[int, Rates] = {}
        self._replayed = _Replayed("", {})
        self._floor = 0

    def floor(self, since: int, least: int = 0) -> int:
        """How far back (ms) to read, so that all is known that was when the first decision since then was made.

        Nothing is there to be read before `least`.
        """
        reach = 2 * max(self._horizons, default=0) * DAY + CHANGE_REACH
        self._floor = max(least, since - reach)
        return self._floor

    async def take(self, page: Collection[Remembered], attributes: Attributes) -> int:
        """Goes on with the accounts of a page, each in its order; says how many decisions were compared."""
        compared = 0
        for one in page:
            account_id = one.transaction.account_id
            if account_id != self._replayed.account_id:
                empty = {days: History.empty(Account(account_id), days) for days in self._horizons}
                self._replayed = _Replayed(account_id, empty)
            now = events.of(one.transaction, await self._rates_of(one.rates))
            if one.features is not None:
                compared += 1
                self._compare(one, now, one.features, attributes.at(account_id, one.sequence))
            self._remember(now, one.outcome is not Outcome.APPROVE)
        return compared

    def _remember(self, now: Event, flagged: bool) -> None:
        replayed = self._replayed
        for days, history in replayed.histories.items():
            replayed.histories[days] = history.append(now, flagged)
        replayed.newest = max(replayed.newest, now.time)

    def _compare(self, one: Remembered, now: Event, stored: tuple[float, ...], account: Account) -> None:
        engine = self._by_catalogue.get(one.catalogue)
        if engine is None or len(stored) != len(engine.catalogue.features):
            return  # `Judging` has said so
        first: list[Unlike] = []
        reach = self._reach[one.catalogue]
        exact = not self._is_late(now, reach)
        for days in self._horizons:
            if days < reach:
                continue
            history = self._history(days, account)
            values = engine.features(one.transaction, now, history, _NOBODY)
            unlike = self._own[one.catalogue].unlike(stored, values)
            if not unlike:
                return
            first = first or unlike
            exact = exact and history.exact
        if exact:
            self._found.add(one.transaction.transaction_id, account.account_id, first)
        else:
            self._found.add_beyond(one.transaction)

    def _history(self, days: int, account: Account) -> History:
        """The account's history with the attributes it then had."""
        history = self._replayed.histories[days]
        if history.account != account:
            history = self._replayed.histories[days] = history.with_account(account, history.sequence)
        return history

    def _is_late(self, now: Event, horizon: int) -> bool:
        """Whether its windows reach to before what a history holds, or to before what is read here."""
        first = now.time - horizon * DAY - CHANGE_REACH
        return now.time < self._replayed.newest - DAY or (self._floor > 0 and first < self._floor)

    async def _rates_of(self, version: int) -> Rates:
        """A table of rates; that of now where it is gone, which `Judging` says."""
        if version not in self._rates:
            try:
                self._rates[version] = await self._engines.rates(version)
            except (NotFound, ConfigurationError):
                self._rates[version] = self._engines.engine.rates
        return self._rates[version]
