"""Sequences of transactions for tests, and strategies that make them up."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from hypothesis import strategies as st

from riskengine.domain.account import Account
from riskengine.domain.clock import DAY, HOUR, MINUTE, SECOND
from riskengine.domain.decision import Verdict
from riskengine.domain.outcome import Outcome
from riskengine.domain.transaction import Transaction
from riskengine.scoring import Engine, History, Memory, event
from riskengine.scoring.event import Past
from tests.factories import transaction

ENGINE = Engine.starter()
NOON = 1_767_610_800_000
"""Monday 2026-01-05, 11:00 UTC: 12:00 in Brussels."""

ALICE = Account("alice", "personal", home_country="BE", time_zone="Europe/Brussels", opened_at=NOON - 400 * DAY)


HORIZON = ENGINE.catalogue.horizon


def past(transactions: Iterable[Transaction], verdicts: Iterable[Verdict] = ()) -> list[Past]:
    """What a history remembers of transactions: all approved, or what their verdicts say."""
    flagged = [verdict.outcome is not Outcome.APPROVE for verdict in verdicts]
    events = [event.of(transaction, ENGINE.rates) for transaction in transactions]
    return [Past(one, flag) for one, flag in zip_longest(events, flagged, fillvalue=False)]


class Story:
    """An account's life, told one transaction after the other."""

    def __init__(self, account: Account = ALICE, engine: Engine = ENGINE, memory: Memory | None = None) -> None:
        self._account_id = account.account_id
        self._engine = engine
        self.memory = memory or Memory()
        self.memory.histories[account.account_id] = History.empty(account, engine.catalogue.horizon)
        self.now = NOON

    def pays(self, amount: str, after: int = 0, **fields: Any) -> Verdict:
        """One more payment, so many ms after the last."""
        self.now += after
        made = transaction(self._account_id, amount, occurred_at=self.now, **fields)
        return self._engine.score([made], self.memory)[0]

    def lives(self, days: int = 20, amount: str = "40.00") -> "Story":
        """Pays much the same every noon, and lets the time of the next payment come."""
        for day in range(days):
            self.pays(str(Decimal(amount) + day % 5), merchant="baker", **PLACE, device_id="phone", channel="pos")
            self.now += DAY
        return self


PLACE: dict[str, Any] = {"location": "Brussels", "latitude": 50.85, "longitude": 4.35, "country": "BE"}

_gaps = st.one_of(
    st.sampled_from([0, 1, MINUTE, 5 * MINUTE, 10 * MINUTE, HOUR, DAY, 7 * DAY, 30 * DAY]),
    st.sampled_from([1, 5 * MINUTE, 10 * MINUTE, HOUR, DAY, 7 * DAY, 30 * DAY]).map(lambda gap: gap - 1),
    st.integers(0, 10 * SECOND),
    st.integers(0, 3 * HOUR),
    st.integers(0, 4 * DAY),
    st.integers(-DAY, 0),
)
"""Ms from the newest transaction to the next; negative for one that comes late."""

_fields = st.fixed_dictionaries(
    {
        "amount": st.decimals(Decimal("0.01"), Decimal(20_000), places=2).map(str),
        "currency": st.sampled_from(["EUR", "EUR", "EUR", "USD", "JPY", "XXX"]),
        "merchant": st.sampled_from([None, "a", "b", "c"]),
        "location": st.sampled_from([None, "a", "b", "c"]),
        "device_id": st.sampled_from([None, "a", "b", "c"]),
        "country": st.sampled_from([None, "BE", "FR", "DE"]),
        "channel": st.sampled_from([None, "pos", "online", "atm"]),
        "beneficiary": st.sampled_from([None, "a", "b"]),
        "ip": st.sampled_from([None, "10.0.0.1", "10.0.0.2"]),
        "latitude": st.one_of(st.none(), st.floats(-90, 90)),
        "longitude": st.one_of(st.none(), st.floats(-180, 180)),
    }
)


@st.composite
def arrivals(draw: st.DrawFn, most: int = 30) -> list[Transaction]:
    """Transactions of one account in the order of their arrival: with gaps, at equal times, up to a day late."""
    newest, made = NOON, []
    for gap, fields in draw(st.lists(st.tuples(_gaps, _fields), min_size=1, max_size=most)):
        made.append(transaction("alice", occurred_at=newest + gap, **fields))
        newest = max(newest, newest + gap)
    return made
