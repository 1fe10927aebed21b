"""What the demonstration sends."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from riskengine.client import requests
from riskengine.demo import sample
from riskengine.domain.errors import ConfigurationError
from riskengine.domain.transaction import Submission

CSV = "account_id,amount,currency,occurred_at\n" + "".join(
    f"acc-{number % 3},{number}.50,EUR,2026-01-01T00:{number:02}:00Z\n" for number in range(1, 41)
)


def _occurred(submissions: Sequence[Submission]) -> list[int]:
    return [one.transaction.occurred_at for one in submissions]


def test_without_any_data_all_is_simulated_in_order_of_time(tmp_path: Path) -> None:
    taken = sample.take(300, data=tmp_path)
    assert len(taken.submissions) == 300
    assert taken.accounts, "simulated accounts are described"
    assert _occurred(taken.submissions) == sorted(_occurred(taken.submissions))


def test_a_file_is_taken_alone_and_in_its_order(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(CSV)
    taken = sample.take(25, file)
    assert [str(one.transaction.amount) for one in taken.submissions] == [f"{n}.50" for n in range(1, 26)]
    assert taken.source == "25 of mine.csv"


def test_a_file_without_transactions_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "empty.csv"
    file.write_text("account_id,amount,currency,occurred_at\n")
    with pytest.raises(ConfigurationError, match="no valid transaction"):
        sample.take(10, file)


def test_every_transaction_has_a_key_of_its_own(tmp_path: Path) -> None:
    taken = sample.take(300, data=tmp_path)
    assert len({one.idempotency_key for one in taken.submissions}) == 300


def test_a_body_holds_what_the_transaction_says(tmp_path: Path) -> None:
    # Given a simulated transaction
    submission = sample.take(1, data=tmp_path).submissions[0]
    # When it is written as a request's body
    body = requests.transaction(submission)
    # Then it has its fields, and none of the engine's own
    assert f'"amount":"{submission.transaction.amount}"'.encode() in body
    assert submission.idempotency_key.encode() in body
    assert b"transaction_id" not in body
    assert b"null" not in body
