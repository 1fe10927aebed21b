"""Records of files: mapped, valid, and the same each time."""

from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from riskengine.domain.errors import ConfigurationError
from riskengine.lab import sorting, transaction_table, writing
from riskengine.lab.labelled import Labelled
from riskengine.lab.mapping import ColumnMapping
from riskengine.lab.reading import BadRow, Reading, Record
from riskengine.lab.simulator import Plan, Simulator

HEADER = "account_id,amount,currency,occurred_at"
GOOD = "alice,12.10,EUR,2026-01-02T03:04:05Z"


@pytest.fixture(scope="module")
def traffic() -> list[Labelled]:
    return list(Simulator(Plan(customers=30, days=4, fraud_rate=0.1)).stream())


def csv(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "file.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def records(path: Path, *pairs: str) -> list[Record]:
    return list(Reading(path, ColumnMapping.parse(pairs)).records())


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_simulated_transactions_are_read_as_they_were_written(
    tmp_path: Path, traffic: list[Labelled], suffix: str
) -> None:
    path = tmp_path / f"file{suffix}"
    writing.write(path, transaction_table.COLUMNS, map(transaction_table.row, traffic))

    read = records(path)

    assert [record.submission.transaction for record in read] == [one.transaction for one in traffic]
    assert [(record.label, record.attack) for record in read] == [(one.label, one.attack) for one in traffic]
    assert [str(r.submission.transaction.amount) for r in read] == [str(one.transaction.amount) for one in traffic]


def test_columns_are_mapped_and_constants_filled_in(tmp_path: Path) -> None:
    path = csv(tmp_path, "CUSTOMER,VALUE,WHEN", "7,12.10,2026-01-02 03:04:05")

    [record] = records(path, "account_id=CUSTOMER", "amount=VALUE", "occurred_at=WHEN", "currency=:EUR")

    transaction = record.submission.transaction
    assert transaction.account_id == "7"
    assert transaction.amount == Decimal("12.10")
    assert transaction.currency == "EUR"
    assert transaction.occurred_at == 1_767_323_045_000


def test_ids_and_keys_are_a_function_of_the_content(tmp_path: Path) -> None:
    # Given a file read twice, with an equal row in it and a different one
    path = csv(tmp_path, HEADER, GOOD, GOOD, GOOD.replace("12.10", "12.11"))

    first, second = records(path), records(path)

    # Then both readings agree, and equal rows are one transaction
    ids = [record.submission.transaction.transaction_id for record in first]
    keys = [record.submission.idempotency_key for record in first]
    assert first == second
    assert ids[0] == ids[1] != ids[2]
    assert keys[0] == keys[1] != keys[2]
    assert ids[0].version == 7
    assert first[0].submission.transaction.created_at == first[0].submission.transaction.occurred_at


def test_a_transaction_id_that_is_a_uuid7_is_kept_and_any_other_is_a_reference(tmp_path: Path) -> None:
    own = "019b7cf3-0000-7000-8000-000000000001"
    path = csv(tmp_path, HEADER + ",transaction_id", f"{GOOD},{own}", f"{GOOD},17", f"{GOOD},18")

    kept, referred, other = records(path)

    assert kept.submission.transaction.transaction_id == UUID(own)
    assert (referred.reference, other.reference) == ("17", "18")
    assert referred.submission.transaction.transaction_id != other.submission.transaction.transaction_id


def test_a_mapped_key_is_used(tmp_path: Path) -> None:
    [record] = records(csv(tmp_path, HEADER + ",key", GOOD + ",order-1"), "idempotency_key=key")

    assert record.submission.idempotency_key == "order-1"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("alice,0,EUR,2026-01-02T03:04:05Z", "amount"),
        ("alice,NaN,EUR,2026-01-02T03:04:05Z", "amount"),
        ("alice,1.001,EUR,2026-01-02T03:04:05Z", "amount"),
        ("alice,1,XXX0,2026-01-02T03:04:05Z", "currency"),
        ("alice,1,EUR,yesterday", "occurred_at"),
        ("alice,1,EUR,1912-06-23T00:00:00Z", "occurred_at"),
        (",1,EUR,2026-01-02T03:04:05Z", "account_id"),
        ("alice,1,EUR,", "occurred_at"),
    ],
)
def test_a_bad_row_is_refused_by_number_and_field(tmp_path: Path, row: str, field: str) -> None:
    with pytest.raises(BadRow, match=r"row 2 is not valid.*--skip-bad") as caught:
        records(csv(tmp_path, HEADER, GOOD, row))

    assert caught.value.number == 2
    assert [fault.path for fault in caught.value.fields] == [field]


def test_bad_rows_can_be_skipped_and_are_counted(tmp_path: Path) -> None:
    # Given many bad rows between two good ones
    reading = Reading(
        csv(tmp_path, HEADER, GOOD, *[GOOD.replace("12.10", "-1")] * 25, GOOD), ColumnMapping(), skip_bad=True
    )

    # When they are read
    read = list(reading.records())

    # Then the good ones are there, and the first bad ones are explained
    assert [record.number for record in read] == [1, 27]
    assert reading.bad == 25
    assert [problem.number for problem in reading.problems] == list(range(2, 12))


def test_future_rows_are_no_fault_of_a_file(tmp_path: Path) -> None:
    [record] = records(csv(tmp_path, HEADER, GOOD.replace("2026", "2100")))

    assert record.submission.transaction.occurred_at > 4_000_000_000_000


def test_a_column_that_is_missing_is_named_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no column 'currency'"):
        Reading(csv(tmp_path, "account_id,amount,occurred_at"), ColumnMapping())


def test_only_the_first_rows_are_read_if_so_asked(tmp_path: Path) -> None:
    reading = Reading(csv(tmp_path, HEADER, GOOD, "bad,row,in,between", GOOD), ColumnMapping())

    assert [record.number for record in reading.records(limit=1)] == [1]


def test_sorting_is_by_time_and_keeps_the_order_of_equal_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given rows out of order, in more runs than one
    minutes = [5, 3, 3, 9, 0, 3, 7]
    lines = [f"account-{n},1,EUR,2026-01-02T00:{minute:02}:00Z" for n, minute in enumerate(minutes)]
    read = records(csv(tmp_path, HEADER, *lines))
    monkeypatch.setattr(sorting, "RUN", 2)
    monkeypatch.setattr(sorting, "BLOCK", 1)

    # When they are sorted
    ordered = list(sorting.by_time(read))

    # Then they are as a stable sort has them
    assert ordered == sorted(read, key=lambda record: record.submission.transaction.occurred_at)
