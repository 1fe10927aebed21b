"""Each rule of the starter set fires, and does not fire, on a sequence of transactions."""

from collections.abc import Callable

import msgspec
import pytest

from riskengine.domain.clock import DAY, HOUR, MINUTE, SECOND
from riskengine.domain.decision import Verdict
from riskengine.scoring import Memory
from tests.scoring.stories import ALICE, ENGINE, PLACE, Story

Told = Callable[[], Verdict]
PARIS = {"location": "Paris", "latitude": 48.85, "longitude": 2.35}


def habit(**fields: object) -> Callable[..., Told]:
    """A transaction, with these fields, after 20 days of small payments at noon in Brussels."""
    return lambda amount, after=0, **more: lambda: Story().lives().pays(amount, after, **{**fields, **more})


paid = habit(merchant="baker", device_id="phone", channel="pos", **PLACE)


def repeated(count: int, within: int, amount: str = "40.00", last: str = "40.00") -> Told:
    """So many payments evenly within a time, the last of them of another amount."""

    def told() -> Verdict:
        story = Story().lives()
        for _ in range(count - 1):
            story.pays(amount, after=within // count)
        return story.pays(last, after=within // count)

    return told


def places(*names: str, every: int = HOUR) -> Told:
    """Payments here and there, and one more at the last place."""

    def told() -> Verdict:
        story = Story()
        for name in names:
            story.pays("20.00", after=every, location=name)
        return story.pays("20.00", after=every, location=names[-1])

    return told


def channels(*names: str, every: int) -> Told:
    """Payments over these channels, and one more over the last."""

    def told() -> Verdict:
        story = Story()
        for name in names:
            story.pays("20.00", after=every, channel=name)
        return story.pays("20.00", after=every, channel=names[-1])

    return told


def probed(amount: str, after: int, then: str = "1500.00") -> Told:
    def told() -> Verdict:
        story = Story().lives()
        story.pays(amount)
        return story.pays(then, after)

    return told


def travels(**there: object) -> Callable[[int], Told]:
    """One located payment in Brussels, and another there, so many ms later."""

    def after(ms: int) -> Told:
        def told() -> Verdict:
            story = Story()
            story.pays("20.00", **PLACE)
            return story.pays("20.00", after=ms, **there)

        return told

    return after


def among_peers(amount: str, peers: int = 60) -> Told:
    """One payment among accounts of the same type that spend around 50."""

    def told() -> Verdict:
        memory = Memory()
        for number in range(peers):
            Story(msgspec.structs.replace(ALICE, account_id=f"peer{number}"), memory=memory).pays(f"{30 + number}.00")
        return Story(memory=memory).pays(amount)

    return told


def paying_mule(accounts: int, every: int = MINUTE) -> Told:
    """So many accounts pay one beneficiary, one after the other."""

    def told() -> Verdict:
        memory = Memory()
        for number in range(accounts):
            story = Story(msgspec.structs.replace(ALICE, account_id=f"payer{number}"), memory=memory)
            verdict = story.pays("20.00", after=number * every, beneficiary="mule")
        return verdict

    return told


def at_local(hours: float, zone: str | None = "Europe/Brussels") -> Told:
    """One payment so many hours after Monday, 12:00 in Brussels."""
    account = msgspec.structs.replace(ALICE, time_zone=zone)
    return lambda: Story(account).pays("20.00", after=int(hours * HOUR))


def in_country(country: str | None, home: str | None = "BE") -> Told:
    account = msgspec.structs.replace(ALICE, home_country=home)
    return lambda: Story(account).pays("20.00", country=country)


CASES: dict[str, tuple[list[Told], list[Told]]] = {
    "RULE_CRITICAL_AMOUNT": (
        [paid("10000.01"), paid("12000.00", currency="USD")],
        [
            paid("10000.00"),
            paid("10500.00", currency="USD"),
            paid("500000.00", currency="JPY"),
            paid("99999", currency="XXX"),
        ],
    ),
    "RULE_SPIKE_ANOMALY": (
        [paid("60.00"), lambda: Story().lives(5).pays("60.00")],
        [paid("44.00"), lambda: Story().lives(4).pays("60.00"), lambda: Story().lives().pays("60.00", after=31 * DAY)],
    ),
    "RULE_HIGH_RISK_COUNTRY": ([in_country("KP"), in_country("ZW")], [in_country("BE"), in_country(None)]),
    "RULE_VELOCITY_BURST": ([repeated(12, HOUR - 1)], [repeated(11, HOUR - 1), repeated(14, 2 * HOUR)]),
    "RULE_RAPID_SMALL_TRANSACTIONS": (
        [repeated(7, HOUR - 1), repeated(7, HOUR - 1, amount="500.00", last="99.99")],
        [repeated(6, HOUR - 1), repeated(7, HOUR - 1, last="100.00"), repeated(8, 2 * HOUR)],
    ),
    "RULE_NEW_LOCATION_HIGH_AMOUNT": (
        [paid("1000.01", **PARIS), paid("1000.01", after=7 * DAY)],
        [
            paid("1000.00", **PARIS),
            paid("1000.01"),
            paid("1000.01", location=None),
            lambda: Story().pays("2000", **PARIS),
        ],
    ),
    "RULE_NEW_MERCHANT_HIGH_AMOUNT": (
        [paid("500.01", merchant="jeweller")],
        [paid("500.00", merchant="jeweller"), paid("500.01"), paid("500.01", merchant=None)],
    ),
    "RULE_LOCATION_HOPPING": (
        [places("a", "b", "a", "b", "a")],
        [places("a", "b", "a", "b"), places("a", "b", "a", "b", "a", every=2 * DAY)],
    ),
    "RULE_NIGHT_TRANSACTION": (
        [at_local(12), at_local(16.99), at_local(13, None)],
        [at_local(11.99), at_local(17), at_local(0), at_local(12, None)],
    ),
    "RULE_CROSS_BORDER": ([in_country("FR")], [in_country("BE"), in_country(None), in_country("FR", home=None)]),
    "RULE_SEQUENCE_EXFIL_PATTERN": (
        [probed("1.00", 5 * MINUTE), probed("99.99", 10 * MINUTE - 1)],
        [
            probed("1.00", 10 * MINUTE),
            probed("100.00", MINUTE),
            probed("1.00", MINUTE, then="1000.00"),
            paid("1500.00"),
        ],
    ),
    "RULE_PEER_GROUP_ANOMALY": (
        [among_peers("900.00"), among_peers("3.00")],
        [among_peers("80.00"), among_peers("900.00", peers=25)],
    ),
    "RULE_SHARED_BENEFICIARY_NETWORK": (
        [paying_mule(4)],
        [paying_mule(3), paying_mule(6, every=9 * HOUR), lambda: paid_by_one(6)],
    ),
    "RULE_RAPID_DEVICE_SWITCH": (
        [paid("500.01", device_id="stolen")],
        [paid("500.00", device_id="stolen"), paid("500.01"), paid("500.01", device_id=None)],
    ),
    "RULE_GEO_IMPOSSIBLE_TRAVEL": (
        # Brussels and Paris are 264 km apart
        [travels(**PARIS)(15 * MINUTE), travels(latitude=51.0, longitude=4.35)(0)],
        [travels(**PARIS)(20 * MINUTE), travels(location="Paris")(SECOND), travels(**PLACE)(0)],
    ),
    "RULE_RAPID_CHANNEL_SWITCH": (
        [channels("pos", "online", "pos", "online", "atm", every=10 * MINUTE)],
        [
            channels("pos", "online", "pos", "online", every=10 * MINUTE),
            channels(*["pos", "online"] * 4, every=HOUR // 3),
        ],
    ),
    "RULE_BEHAVIORAL_ANOMALY": (
        [paid("3000.00", after=14 * HOUR, device_id="stolen", **{**PARIS, "country": "FR"})],
        [paid("42.00"), lambda: Story().pays("42.00")],
    ),
}


def paid_by_one(times: int) -> Verdict:
    """One account pays the same beneficiary again and again."""
    story = Story()
    return [story.pays("20.00", after=MINUTE, beneficiary="mule") for _ in range(times)][-1]


def test_there_is_a_case_for_every_rule_of_the_starter_set() -> None:
    assert list(CASES) == [rule.id for rule in ENGINE.ruleset.rules]
    assert len(CASES) == 17


@pytest.mark.parametrize(
    ("rule", "number"), [(rule, n) for rule, (fires, _) in CASES.items() for n in range(len(fires))]
)
def test_a_rule_fires(rule: str, number: int) -> None:
    assert rule in CASES[rule][0][number]().rules


@pytest.mark.parametrize(("rule", "number"), [(rule, n) for rule, (_, not_) in CASES.items() for n in range(len(not_))])
def test_a_rule_does_not_fire(rule: str, number: int) -> None:
    assert rule not in CASES[rule][1][number]().rules


def test_an_ordinary_life_fires_nothing() -> None:
    assert paid("42.00")().rules == ()
