"""Card numbers are found in text, however they are written; other numbers are left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskengine.domain import card_numbers

# Numbers that issuers and processors publish for tests, one for each prefix.
CARDS = [
    "4111111111111111",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "6011111111111117",
    "30569309025904",
    "38520000023237",
    "3530111333300000",
    "6200000000000005",
    "6304000000000000",
    "5018000000000009",
    "4000000000000000006",
]


@pytest.mark.parametrize("number", CARDS)
def test_a_card_number_is_found_in_any_text(number: str) -> None:
    groups = [number[at : at + 4] for at in range(0, len(number), 4)]
    for text in (number, f"paid with {number}!", f"x{number}y", " ".join(groups), f"card {'-'.join(groups)}"):
        assert card_numbers.contained_in(text), text


@pytest.mark.parametrize("number", CARDS)
def test_another_check_digit_is_no_card_number(number: str) -> None:
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert not card_numbers.contained_in(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Carrefour 1000 Bruxelles",
        "0000000000000000",  # passes Luhn, has no issuer
        "99999999999999999999999999",
        "04111111111111111",  # part of a longer run of digits
        "411111111111111100000",
        "4111  1111  1111  1111",  # two spaces are no grouping
        "2026-11-23 19:00:00",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert not card_numbers.contained_in(text)


@pytest.mark.parametrize(
    "text", ["order 12 4111 1111 1111 1111", "４１１１１１１１１１１１１１１１", "4111‑1111‑1111‑1111"]
)
def test_neighbours_and_typography_do_not_hide_a_card_number(text: str) -> None:
    assert card_numbers.contained_in(text)


def _slowly(text: str) -> bool:
    """The definition, word for word: some groups, together 13 to 19 digits, with prefix and checksum."""
    groups = text.split(" ")
    for first in range(len(groups)):
        for last in range(first, len(groups)):
            digits = "".join(groups[first : last + 1])
            doubled = [int(d) * 2 if place % 2 else int(d) for place, d in enumerate(reversed(digits))]
            valid = sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
            prefixed = digits.startswith(("4", "51", "52", "53", "54", "55", "34", "37", "36", "38", "6", "50", "56"))
            prefixed = prefixed or digits[:2] in ("57", "58") or digits[:3] in {str(n) for n in range(300, 306)}
            prefixed = prefixed or 3528 <= int(digits[:4]) <= 3589 or 2221 <= int(digits[:4]) <= 2720
            if 13 <= len(digits) <= 19 and valid and prefixed:
                return True
    return False


@given(st.lists(st.text("0123456789", min_size=1, max_size=9), min_size=1, max_size=8).map(" ".join))
def test_groups_of_digits_are_judged_as_defined(text: str) -> None:
    assert card_numbers.contained_in(text) == _slowly(text)
