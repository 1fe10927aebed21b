"""Cells of series, between scoring and Valkey."""

from collections.abc import Iterable, Mapping, Sequence

from riskengine.domain.clock import DAY, SECOND
from riskengine.domain.transaction import Transaction
from riskengine.scoring.commons import Commons
from riskengine.scoring.memory import Step
from riskengine.scoring.series import Cell, Cells, Series
from riskengine.state.parts import Addition, FoundCells, SoughtCells


def sought(commons: Commons, transactions: Iterable[Transaction]) -> list[SoughtCells]:
    """The cells that the features of the transactions are computed from."""
    if not commons.series:
        return []
    spans: dict[tuple[str, str], tuple[int, int]] = {}
    for transaction in transactions:
        for series, value, numbers in commons.seen(transaction):
            first, last = spans.get((series.name, value), (numbers[0], numbers[-1]))
            spans[series.name, value] = (min(first, numbers[0]), max(last, numbers[-1]))
    return [SoughtCells(name, value, first, last) for (name, value), (first, last) in spans.items()]


def found(commons: Commons, asked: Sequence[SoughtCells], answers: Sequence[FoundCells | None]) -> dict[str, Cells]:
    """What was found of them, by key."""
    return {
        commons.series[one.series].key(one.value): _cells(answer) for one, answer in zip(asked, answers, strict=True)
    }


def additions(steps: Iterable[Step]) -> list[Addition]:
    """Steps added up, one for each cell. Untouched cells live for a day more than they reach back."""
    sums: dict[tuple[Series, str, int], Cell] = {}
    for step in steps:
        place = (step.series, step.value, step.number)
        sums[place] = sums[place].plus(step.cell) if place in sums else step.cell
    return [
        Addition(
            series.name,
            series.keeps,
            (series.keeps * series.grain + DAY) // SECOND,
            value,
            number,
            (cell.events, cell.unknown, cell.sum, cell.flagged),
        )
        for (series, value, number), cell in sums.items()
    ]


def of_accounts(steps: Mapping[str, Sequence[Step]] | None, account_ids: Iterable[str]) -> list[Addition]:
    """What was added for these accounts."""
    return additions(step for account_id in account_ids for step in steps.get(account_id, ())) if steps else []


def _cells(answer: FoundCells | None) -> Cells:
    if answer is None:
        return Cells(cold=True)
    if answer.newest is None:
        return Cells()
    return Cells(answer.newest, {number: Cell(*values) for number, values in answer.cells.items()})
