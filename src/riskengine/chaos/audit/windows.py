"""Windows counted again by brute force, with other code: on what was sent, in the order that was stored."""

import struct
from bisect import bisect_right, insort
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from math import isnan

from riskengine.chaos.audit.findings import Check
from riskengine.chaos.audit.holdings import Decided, Holdings
from riskengine.chaos.record import Record
from riskengine.domain.transaction import Transaction

_HOUR_MS = 3_600_000
COUNTED: Mapping[str, int] = {"count_1h": _HOUR_MS, "count_24h": 24 * _HOUR_MS}
SUMMED: Mapping[str, int] = {"sum_1h": _HOUR_MS, "sum_24h": 24 * _HOUR_MS}
"""The features that are counted and summed again, and how long their windows are (ms)."""

FEATURES = (*COUNTED, *SUMMED)
"""All of them, in the order that `holdings` reads them in."""


def check(record: Record, holdings: Holdings, rates: Mapping[str, Decimal]) -> Check:
    """Compares these features of every decision; `rates` are units of a currency for one of the base."""
    by_id = {transaction_id: record.sent[key].transaction for key, transaction_id in record.acknowledged.items()}
    known = [one for one in holdings.decided if one.transaction_id in by_id]
    found: list[str] = []
    start = 0
    for end in range(1, len(known) + 1):
        if end == len(known) or known[end].account_id != known[start].account_id:
            account = known[start:end]
            found += _account(account, [by_id[one.transaction_id] for one in account], rates)
            start = end
    return Check.of("windows are what brute force counts", len(known) * len(FEATURES), found)


def _account(decided: list[Decided], sent: list[Transaction], rates: Mapping[str, Decimal]) -> Iterator[str]:
    """What differs on one account, whose decisions are in their order."""
    past: list[tuple[int, int]] = []  # (occurred_at, hundredths of the base currency), in order of time
    for one, transaction in zip(decided, sent, strict=True):
        now = transaction.occurred_at
        end = bisect_right(past, now, key=_time)
        starts = {window: bisect_right(past, now - window, key=_time) for window in {*COUNTED.values()}}
        counts = [end - starts[window] for window in COUNTED.values()]
        sums = [sum(amount for _, amount in past[starts[window] : end]) / 100 for window in SUMMED.values()]
        for name, stored, counted in zip(FEATURES, one.features, (*counts, *sums), strict=True):
            if isnan(stored) or stored != _real(counted):
                yield f"{one.transaction_id} of {one.account_id}: {name} is {stored}, by brute force {_real(counted)}"
        insort(past, (now, _hundredths(transaction, rates)))


def _time(event: tuple[int, int]) -> int:
    return event[0]


def _hundredths(transaction: Transaction, rates: Mapping[str, Decimal]) -> int:
    """The amount in hundredths of the base currency; round() takes a tie to the even one."""
    return round(Fraction(transaction.amount) * 100 / Fraction(rates[transaction.currency]))


def _real(value: float) -> float:
    """The value as a 32-bit float, which is what PostgreSQL keeps."""
    return float(struct.unpack("f", struct.pack("f", value))[0])
