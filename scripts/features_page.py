"""Prints docs/features.md, made from the catalogue: `python scripts/features_page.py > docs/features.md`."""

from collections.abc import Iterable

from riskengine.domain import currencies
from riskengine.domain.clock import DAY
from riskengine.domain.validation import MOST_AHEAD
from riskengine.scoring import Engine, peers, records, shared, thinning
from riskengine.scoring.features import crowds, selections
from riskengine.scoring.features.aggregates import AGGREGATES
from riskengine.scoring.features.catalogue import COLUMNS, Feature
from riskengine.scoring.features.code import MOST_LISTED

_TOP = """\
# Features

A feature is one number that is known of a transaction when it is decided: what rules and the behaviour score look at.
This page is made from the catalogue (version {version}, {count} features) by `scripts/features_page.py`.

Values are rounded to 32-bit floats before anything looks at them, and stored so with the decision, in the order of
this table: `decisions.features` in PostgreSQL. The API shows those that a fired rule read.

| feature | of | window | unit | needs | meaning |
| --- | --- | --- | --- | --- | --- |
"""

_BOTTOM = """
"Needs" is how many values it takes, of earlier transactions or of peers; with fewer the feature is **missing**. So it
is where there is nothing to compute it from: no merchant for `is_new_merchant_7d`, no earlier transaction for
`seconds_since_last`. Sums and counts (of the account's transactions, of different values, of changes) are never missing
but 0. To an account without a transaction in 30 days nothing is new: its `is_new_...` are missing. What rules make of
missing values is said under [rules](rules.md).

## Windows

A window of length w holds the account's decided transactions in (t - w, t], exact to the millisecond, where t is the
transaction's own `occurred_at`: **event time**. When it was received or scored makes no difference. It is not in
the window itself, unless the name ends in `_incl`; others of the same millisecond are, if they were decided before
it. Declined ones count like all others.

**Up to {most} transactions** of an account within {horizon} days every window is exact. Beyond that old records are
dropped, never one of the newest {exact}, and their sums are kept: counts, sums, means and deviations are then
those of a window longer by at most 1/{fineness} (and for a late transaction ending by as much too early). What looks at
single values (`is_new_...`, shares, the last place) sees the records that are left: too few kinds, never too many.

**What takes each event one by one** (`distinct`, `smallest`, `largest`, and all over a part of the events) looks at the
newest {listed} of its window, so that a busy account costs no more than others: of more, these counts are at least what
they say.

**Late transactions** take their place in event time. They see what happened before them, as far as it is decided;
those after them in event time see them from then on; decisions already made stay as they are. A history reaches
{horizon} days back from the account's newest transaction, so a day late is exact, and what comes later misses the
oldest part of the longest windows. What is older than the history is decided, but not remembered. An
`occurred_at` may be at most {ahead} minutes ahead of the API's clock.

A **change** of location or channel is counted where a value differs from the last known one, if that is younger
than {reach} days. Texts are compared exactly: `Paris` and `PARIS` are two locations. Hours and weekdays are those of
the account's time zone, UTC where it is unknown; shares of hours and days are counted in whole hours.

## What accounts share

Of each device, address and beneficiary the engine remembers which accounts used it in {shared_hours} hours, at most the
{members} that did so last: these counts stop at {at_most}. Of each account only the latest use is known, so for a late
transaction the count is a lower bound. With one consumer the counts are exact; with several they may miss what
others have in hand at that moment. The decision keeps the value it saw.

**Counts over all who use one merchant, device, address or beneficiary** (`count`, `sum`, `mean`, `flagged`; the shipped
catalogue has none) are kept in cells of time, at least 24 a window: a merchant with a million payments a day costs no
more than a quiet one. The far edge of a window is early by less than one cell. A transaction that comes late may also
see up to one cell after it; one later than the windows (at most a day) may see too few. A payment counts once its
decision is stored; what is in flight, or lost in a crash just then, is not seen. A feature that is new is **cold**, so
missing, until `riskengine features backfill` has filled it; so it is after Valkey was emptied, until that is done by
itself.

**Peers** are the accounts of the same type. It is set with `PUT /api/v1/accounts/{{id}}` and `unknown` until then, so
all accounts that nobody described are peers. Compared is the logarithm of the latest amount of each, in a
sample of {slots} places, the account's own left out. Of more accounts than that, those that share a place take turns.

## A catalogue of your own

The catalogue is a file, `riskengine features export` writes it; a changed one is checked and published like a rule set
(see [releases](releases.md)). A feature is a line:

| field | what it says |
| --- | --- |
| `name` | how rules and the model call it |
| `aggregate` | {aggregates}; over the events of others {crowds} |
| `entity` | whose events: `account` (if not given), `peers`, or all accounts on the same `device`, \
`ip`, `beneficiary` or `merchant` |
| `per` | only events that have this in common with the transaction ({columns}): \
`per: merchant` makes the pair account x merchant |
| `of` | what of the event: `amount`, `log_amount`, one of the columns above, `place`, `hour`, `weekday` |
| `window` | `30s`, `5m`, `24h`, `30d`, up to `90d` |
| `filter` | only events that meet it, in the notation of [rules](rules.md), over `amount_base` and the columns: \
`amount_base < 100 and channel == "online"` |
| `least`, `default` | the fewest values it is computed from, and its value where there are \
fewer (if not given: missing) |
| `unit`, `description` | for people; `0 or 1` makes a truth that rules may use as it stands |

A part of the events (`filter`, `per`) can be taken for {selections}. With a longer window than any before, histories
reach further back: those that do not are rebuilt from PostgreSQL, before the transaction is scored.

## Amounts in one currency

`amount_base` and all that is made of it are in {base}, by the rates that run. Those
of the package (version {rates_version}, as of {as_of}) are figures to start from, to be replaced by your own: see
[releases](releases.md). A decision names the version it was made with. {rated} of the {known}
currencies that the API takes have a rate. **In the others every feature of an amount is missing**, so that no rule
fires on one, however large the payment; counts, places and devices work as ever.
"""


def page() -> str:
    """The page as Markdown."""
    engine = Engine.starter()
    catalogue, rates = engine.catalogue, engine.rates
    top = _TOP.format(version=catalogue.version, count=len(catalogue.features))
    bottom = _BOTTOM.format(
        most=thinning.MOST_RECORDS,
        exact=thinning.EXACT,
        fineness=thinning.FINENESS,
        listed=MOST_LISTED,
        aggregates=_names(name for name in AGGREGATES if name != "own"),
        crowds=_names(crowds.AGGREGATES),
        selections=_names(selections.AGGREGATES),
        columns=_names(COLUMNS),
        horizon=catalogue.horizon,
        ahead=MOST_AHEAD // 60_000,
        reach=records.CHANGE_REACH // DAY,
        shared_hours=shared.WINDOW_MS // 3_600_000,
        members=shared.MOST_MEMBERS,
        at_most=shared.MOST_MEMBERS + 1,
        slots=f"{peers.SLOTS:,}".replace(",", " "),
        base=rates.base,
        rates_version=rates.version,
        as_of=rates.as_of,
        rated=len(rates.rates),
        known=len(currencies.PLACES),
    )
    return top + "".join(map(_row, catalogue.features)) + bottom


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _row(feature: Feature) -> str:
    needs = str(feature.least or "")
    if feature.default is not None:
        needs = f"{needs or 1}, else {feature.default:g}"
    of = "transaction" if feature.aggregate == "own" else feature.entity
    of += f", same {feature.per}" if feature.per else ""
    cells = (f"`{feature.name}`", of, feature.window, feature.unit, needs, feature.description)
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    print(page(), end="")
