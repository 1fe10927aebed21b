"""Words for people: what a habit saw, and numbers as they are read."""

import math
from collections.abc import Callable, Mapping

from riskengine.scoring.behaviour import Habit
from riskengine.scoring.money import MINOR

Values = Mapping[str, float]

SHORT = {
    Habit.AMOUNT: "the amount",
    Habit.VELOCITY: "so many in an hour",
    Habit.HOUR: "the time of day",
    Habit.WEEKDAY: "the day of the week",
    Habit.PLACE: "the place",
    Habit.DEVICE: "the device",
}
"""What is unusual for an account, in a word."""


def habit(code: Habit, values: Values, base: str) -> str:
    """What a habit saw, in a sentence; `values` are those of its contribution, `base` is the base currency."""
    return _SENTENCES[code](values, base)


def number(value: float) -> str:
    """A number as people write it: thousands apart, whole, with two decimals, or (a small one) with three digits."""
    if value == round(value):
        text = f"{value:,.0f}"
    elif abs(value) >= 1:
        text = f"{value:,.2f}".rstrip("0").rstrip(".")
    else:
        text = f"{value:.3g}"
    return text.replace(",", " ")


def plain(value: float) -> float | None:
    """A feature's value without the digits that 32 bits do not have; None if it is missing."""
    return None if math.isnan(value) else float(f"{value:.7g}")


def _amount(values: Values, base: str) -> str:
    whose, mean = "the account", values.get("mean_log_30d")
    if mean is None:
        whose, mean = "accounts of its type", values["peer_mean_log"]
    usual = number(float(f"{math.exp(mean) / MINOR:.3g}"))
    return f"The amount is {values['z']:.1f} standard deviations above what is usual for {whose} (about {usual} {base})"


def _velocity(values: Values, base: str) -> str:
    hourly, monthly = number(values["count_1h"] + 1), number(values["count_30d"])
    return f"It is number {hourly} within an hour, of an account that had {monthly} in 30 days"


def _hour(values: Values, base: str) -> str:
    return f"{values['hour_share_30d']:.0%} of the account's transactions of 30 days were near this time of day"


def _weekday(values: Values, base: str) -> str:
    return f"{values['weekday_share_30d']:.0%} of the account's transactions of 30 days were on this day of the week"


def _place(values: Values, base: str) -> str:
    if "is_new_country" in values:
        kinds = number(values["distinct_countries_7d"])
        return f"The country is new to the account in 30 days; different ones in 7 days: {kinds}"
    kinds = number(values["distinct_locations_7d"])
    return f"The location is new to the account in 7 days; different ones in that time: {kinds}"


def _device(values: Values, base: str) -> str:
    kinds = number(values["distinct_devices_7d"])
    return f"The device is new to the account in 30 days; different ones in 7 days: {kinds}"


_SENTENCES: dict[Habit, Callable[[Values, str], str]] = {
    Habit.AMOUNT: _amount,
    Habit.VELOCITY: _velocity,
    Habit.HOUR: _hour,
    Habit.WEEKDAY: _weekday,
    Habit.PLACE: _place,
    Habit.DEVICE: _device,
}
