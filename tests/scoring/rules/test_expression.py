"""The notation of rules: what it means."""

import pytest

from riskengine.scoring.rules.parser import parse
from tests.scoring.rules.compiling import LISTS, NAMES, holds


@pytest.mark.parametrize(
    "expression",
    [
        "mean_30d == 10",
        "5 < mean_30d <= 10 < 11",
        "mean_30d != 11 and not mean_30d > 10",
        "mean_30d > 20 or mean_30d < 11",
        "mean_30d in (1, 10)",
        "mean_30d not in [1, 2]",
        "mean_30d + 2 * 3 - 8 / 4 == 14",
        "-mean_30d == -10",
        "abs(-mean_30d) == max(10, 3) and min(1, 2) == 1",
        "coalesce(std_30d, mean_30d) == 10",
        "coalesce(std_30d, 7, 8) == 7 and coalesce(std_30d, std_7d, 8) == 8 and coalesce(mean_30d, 7, 8) == 10",
        "amount == 12.5 and behaviour_score == 50",
        'country == "DE" and currency != "USD"',
        'country in ("DE", "FR") and country not in ("US",)',
        'country not in list("high_risk_countries")',
        "abs(-5) == 5 and -mean_30d / 4 == -2.5 and min(mean_30d, 3, 20) == 3",
        "round(mean_30d / 3) == 3 and round(mean_30d / 3, 2) == 3.33 and floor(-2.5) == -3 and ceil(-2.5) == -2",
        'coalesce(home_country, country) == "DE" and coalesce(home_country, "XX") == "XX"',
        'lower("ABC") == "abc" and length(country) == 2 and lower(country) == "de"',
        'starts_with(country, "D") and ends_with(country, "E") and contains(account_id, "lic")',
        'not starts_with(country, "E") and not contains("", country)',
        "5 in (5, 6) and 7 not in (5, 6) and not (country in ())",
        'country not in () and "x" != country',
        'account_type == "business" and account_status == "active" and account_id == "alice"',
    ],
)
def test_an_expression_means_what_it_says(expression: str) -> None:
    assert holds(expression)
    assert not holds(f"not ({expression})")


@pytest.mark.parametrize(
    "expression",
    [
        *[f"std_30d {operator} mean_30d" for operator in ("<", "<=", ">", ">=", "==", "!=")],
        *[f"mean_30d {operator} std_30d" for operator in ("<", "<=", ">", ">=", "==", "!=")],
        "std_30d == std_30d",
        "std_30d in (1, 2)",
        "std_30d not in (1, 2)",
        "std_30d + 1 > 0 or -std_30d < 0 or abs(std_30d) >= 0",
        "min(1, std_30d) <= 1 or max(std_30d, 1) >= 1",
        "mean_30d / sum_30d > 0 or mean_30d / sum_30d <= 0",
        "coalesce(std_30d, std_7d) > 0",
        "0 < mean_30d < std_30d",
        'merchant == "x"',
        'merchant != "x"',
        "merchant == location",
        "merchant != location",
        'merchant in ("x",)',
        'merchant not in ("x",)',
        'merchant not in list("high_risk_countries")',
        'merchant in list("high_risk_countries")',
        "merchant not in ()",
        "model_score > 0 or model_score <= 0",
        "round(std_30d) == 0 or floor(std_30d) <= 0 or ceil(std_30d) >= 0",
        "coalesce(std_30d, std_7d) > 0 or coalesce(merchant, home_country) != country",
        'lower(merchant) != "x" or length(merchant) >= 0 or length(lower(merchant)) < 9',
        'starts_with(merchant, "") or ends_with(country, merchant) or contains(merchant, merchant)',
        "is_new_device",
        "is_new_device == 1 or is_new_device != 1 or is_new_device in (0, 1)",
        "1e308 * 10 - 1e308 * 10 == 0 or floor(1e308 * 10) > 0",
    ],
)
def test_a_comparison_with_a_missing_value_is_false(expression: str) -> None:
    assert not holds(expression)


@pytest.mark.parametrize(
    ("expression", "features", "fields"),
    [
        ('amount > 12 and country in list("high_risk_countries")', {}, {"country": "KP"}),
        ("count_1h >= 3 and is_new_device", {"count_1h": 3.0, "is_new_device": 1.0}, {}),
        ("is_new_device and not is_new_ip", {"is_new_device": 1.0, "is_new_ip": 0.0}, {}),
        ("not is_new_device", {}, {}),
        (
            "distance_km(last_location, location) / seconds_since_last > 900",
            {"distance_km": 1900.0, "seconds_since_last": 2.0},
            {},
        ),
        ("distance_km(location, last_location) == distance_km", {"distance_km": 1900.0}, {}),
        ('merchant_category in ("6011", "4829")', {}, {"merchant_category": "4829"}),
        ("weekday() in (5, 6)", {"weekday": 6.0}, {}),
        ("hour() < 5", {"hour": 4.0}, {}),
        ('coalesce(home_country, "BE") != country', {}, {}),
        ('card_bin in ("411111",)', {}, {"card_bin": "411111"}),
        ('country == "DE"\n  # as agreed in May\n  and amount > 12', {}, {}),
    ],
)  # fmt: skip
def test_what_analysts_write(expression: str, features: dict[str, float], fields: dict[str, str]) -> None:
    assert holds(expression, features=features, **fields)
    assert not holds(f"not ({expression})", features=features, **fields)


def test_the_score_of_a_model_can_be_read() -> None:
    assert holds("model_score > 80", model=81.0)
    assert not holds("model_score > 80", model=80.0)


def test_an_expression_says_what_it_reads() -> None:
    read = parse('hour() < 5 and country in list("high_risk_countries") and hour > 1', NAMES, LISTS.definitions)

    assert (read.reads, read.lists) == (("hour", "country"), ("high_risk_countries",))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hour() < 5", "hour<5.0"),
        ("is_new_device", "(is_new_device == 1)"),
        ("amount > 10_000", "amount\n> 1e4"),
        ('country in ("FR", "DE", "FR")', "country in {'DE', 'FR'}"),
        ("1 < amount <= 3", "(1 < amount) and amount <= 3"),
        ("amount > -0.0", "amount > 0"),
    ],
)
def test_equal_meaning_is_an_equal_tree(one: str, other: str) -> None:
    trees = [parse(text, NAMES, LISTS.definitions).tree for text in (one, other)]

    assert trees[0] == trees[1]
    assert hash(trees[0]) == hash(trees[1])
