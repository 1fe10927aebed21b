"""What clients say of an account is taken, or refused with every fault."""

import json
from typing import Any

import pytest

from riskengine.domain import account_validation
from riskengine.domain.account import Account
from riskengine.domain.errors import InvalidInput

NOW = 1_763_733_787_292


def test_an_account_is_described_whole() -> None:
    sent = {
        "type": "retail",
        "status": "suspended",
        "home_country": "BE",
        "time_zone": "Europe/Brussels",
        "opened_at": "1965-04-01T00:00:00+01:00",
    }
    account = account_validation.account(json.dumps(sent).encode(), "a/b", NOW)
    assert account == Account("a/b", "retail", "suspended", "BE", "Europe/Brussels", -149_994_000_000)
    assert account_validation.account(b"{}", "a", NOW) == Account("a")


@pytest.mark.parametrize(
    ("account_id", "sent", "expected"),
    [
        ("", {}, ["account_id"]),
        ("a" * 129, {}, ["account_id"]),
        ("a\0", {}, ["account_id"]),
        ("\udcff", {}, ["account_id"]),
        ("a", [], ["$"]),
        ("a", {"type": ""}, ["type"]),
        ("a", {"type": "\0"}, ["type"]),
        ("a", {"status": "open"}, ["status"]),
        ("a", {"home_country": "XX", "time_zone": "Brussels", "zz": 1}, ["zz", "home_country", "time_zone"]),
        ("a", {"time_zone": "../etc/passwd"}, ["time_zone"]),
        ("a", {"opened_at": "2999-01-01T00:00:00Z"}, ["opened_at"]),
        ("a", {"opened_at": "2019-01-01"}, ["opened_at"]),
    ],
)
def test_every_fault_of_an_account_is_named(account_id: str, sent: Any, expected: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        account_validation.account(json.dumps(sent).encode(), account_id, NOW)
    assert [field.path for field in caught.value.fields] == expected
