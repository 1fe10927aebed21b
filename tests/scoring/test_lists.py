"""Look-ups agree with brute force, states share what they have in common, and lists and snoozes act on verdicts."""

import ipaddress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskengine.domain import listing, networks
from riskengine.domain.clock import HOUR
from riskengine.domain.decision import Verdict
from riskengine.domain.errors import ConfigurationError, InvalidInput
from riskengine.domain.listing import Effect, Entry, ListDefinition, Snooze
from riskengine.domain.outcome import Level, Outcome
from riskengine.scoring import Engine, Memory
from riskengine.scoring.lists import Lists
from riskengine.scoring.rules.rule import Rule
from tests.factories import transaction
from tests.scoring.stories import ENGINE, NOON

TEXTS = ListDefinition("texts", "text", "none", "merchant")
COUNTRIES = ListDefinition("countries", "country", "none", "country")
NETWORKS = ListDefinition("networks", "network", "none", "ip")
BINS = ListDefinition("bins", "bin", "none", "card_bin")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

few_v4 = st.integers(0, 31).map(lambda n: 0xC0_00_02_00 + n * 37)
few_v6 = st.integers(0, 31).map(lambda n: (0x20_01_0D_B8 << 96) + n * 2**61)
mapped = few_v4.map(lambda n: (0xFFFF << 32) + n)
addresses = st.one_of(
    few_v4.map(ipaddress.IPv4Address), st.one_of(few_v6, mapped).map(ipaddress.IPv6Address), st.ip_addresses()
)
ends = st.one_of(st.none(), st.integers(1, 20))


@st.composite
def networks_of(draw: st.DrawFn) -> Network:
    address = draw(addresses)
    length = draw(st.one_of(st.integers(0, address.max_prefixlen), st.just(address.max_prefixlen)))
    return ipaddress.ip_network(
        (int(address), length) if address.version == 4 else (address.packed, length), strict=False
    )


def holds(network: Network, address: Address) -> bool:
    """Whether the network holds the address, in its own form or as the IPv4 address it stands for."""
    meant = getattr(address, "ipv4_mapped", None)
    forms = [address] if meant is None else [address, meant]
    first = ipaddress.ip_address(int(network.network_address)) if network.version == 4 else network.network_address
    inner = getattr(first, "ipv4_mapped", None) if network.prefixlen >= 96 else None
    meant_network = network if inner is None else ipaddress.ip_network((int(inner), network.prefixlen - 96))
    return any(form.version == meant_network.version and form in meant_network for form in forms)


@settings(max_examples=300)
@given(st.lists(st.tuples(networks_of(), ends), max_size=12), addresses, st.integers(0, 21))
def test_an_address_is_in_the_networks_that_hold_it(
    entries: list[tuple[Network, int | None]], address: Address, at: int
) -> None:
    # Given networks of any size, the last of equal ones deciding when it ends
    last = {networks.read(str(network)): (network, end) for network, end in entries}
    lists = Lists(1, [NETWORKS], {"networks": [Entry(str(network), end) for network, end in entries]})
    # When an address is looked up, Then it is found if any network that has not ended holds it
    expected = any(holds(network, address) and (end is None or at < end) for network, end in last.values())
    assert lists.contains("networks")(str(address), at) == expected


@settings(max_examples=300)
@given(networks_of())
def test_a_network_has_one_form_and_is_read_from_it(network: Network) -> None:
    read = networks.read(str(network))
    inner = getattr(network.network_address, "ipv4_mapped", None) if network.prefixlen >= 96 else None
    if network.version == 6 and inner is not None:
        assert str(read) == f"{inner}/{network.prefixlen - 96}"
    else:
        assert ipaddress.ip_network(str(read)) == network
    assert networks.read(str(read)) == read
    assert read.width - read.prefix == read.shift


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "x",
            "192.0.2",
            "192.0.2.1/33",
            "::/129",
            "192.0.2.0/024",
            "192.0.2.0/",
            "192.0.2.0/24/1",
            "192.0.2.0/-1",
        ),
        *("192.0.2.1/24", "::1/64", "192.0.2.0/255.255.255.0", "fe80::1%eth0", "192.0.2.0 /24", "١٩٢.0.2.1", "::1\0"),
    ],
)
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        networks.read(text)


@pytest.mark.parametrize("ip", [None, "", "x", "192.0.2.1x", "192.0.2.1/32", "fe80::1%eth0", "\0", "\ud800"])
def test_what_is_no_address_is_in_no_network(ip: str | None) -> None:
    lists = Lists(1, [NETWORKS], {"networks": [Entry("0.0.0.0/0"), Entry("::/0")]})
    assert not lists.contains("networks")(ip, 5)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.text("012", min_size=6, max_size=8), ends), max_size=10),
    st.one_of(st.none(), st.text("012", min_size=6, max_size=8)),
    st.integers(0, 21),
)
def test_a_card_is_on_a_list_that_has_its_first_digits(
    entries: list[tuple[str, int | None]], card: str | None, at: int
) -> None:
    lists = Lists(1, [BINS], {"bins": [Entry(*entry) for entry in entries]})
    last = dict(entries)
    expected = card is not None and any(card.startswith(b) and (e is None or at < e) for b, e in last.items())
    assert lists.contains("bins")(card, at) == expected


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), ends)), st.sampled_from(["a", "A", " a", "b", None]), st.integers(0, 21)
)
def test_a_text_is_on_a_list_until_it_ends(entries: list[tuple[str, int | None]], text: str | None, at: int) -> None:
    lists = Lists(1, [TEXTS], {"texts": [Entry(*entry) for entry in entries]})
    last = dict(entries)
    expected = text in last and (last[text] is None or at < (last[text] or 0))
    assert lists.contains("texts")(text, at) == expected
    assert lists.size("texts") == len(last)


@pytest.mark.parametrize("digits", [6, 7, 8])
def test_a_list_may_have_first_digits_of_any_length(digits: int) -> None:
    contains = Lists(1, [BINS], {"bins": [Entry("45671234"[:digits])]}).contains("bins")
    assert [contains("45671234"[:length], 5) for length in (6, 7, 8)] == [length >= digits for length in (6, 7, 8)]
    assert not contains("55671234", 5)


changes = st.lists(
    st.tuples(
        st.sampled_from(["texts", "networks", "bins"]),
        st.booleans(),
        st.integers(0, 3),
        ends,
    ),
    max_size=12,
)
VALUES = {
    "texts": ["a", "b", "c", "d"],
    "networks": ["192.0.2.0/24", "192.0.2.7/32", "::/0", "2001:db8::/32"],
    "bins": ["411111", "4111112", "41111122", "522222"],
}
PROBES = {
    "texts": VALUES["texts"],
    "networks": ["192.0.2.7", "192.0.2.8", "2001:db8::1", "::ffff:192.0.2.7"],
    "bins": ["411111", "41111122", "4111112", "522222", "52222211"],
}
DEFINITIONS = [TEXTS, NETWORKS, BINS]


def seen(lists: Lists) -> list[bool]:
    return [lists.contains(name)(value, at) for name in PROBES for value in PROBES[name] for at in (0, 5, 19, 20, 21)]


@settings(max_examples=200)
@given(changes)
def test_changed_lists_are_those_made_anew_and_leave_the_old_ones_alone(
    steps: list[tuple[str, bool, int, int | None]],
) -> None:
    # Given lists, and what they hold
    state = Lists(0, DEFINITIONS)
    held: dict[str, dict[str, int | None]] = {name: {} for name in VALUES}
    for version, (name, is_added, which, end) in enumerate(steps, 1):
        value = VALUES[name][which]
        before, before_seen = state, seen(state)
        # When one is changed
        if is_added:
            held[name][value] = end
            state = state.with_changes(version, added={name: [Entry(value, end)]})
        else:
            held[name].pop(value, None)
            state = state.with_changes(version, removed={name: [value]})
        # Then it is as if it were made anew, and the old state is what it was
        anew = Lists(version, DEFINITIONS, {n: [Entry(v, e) for v, e in held[n].items()] for n in held})
        assert (state.version, seen(state)) == (version, seen(anew))
        assert [state.size(n) for n in held] == [len(held[n]) for n in held]
        assert seen(before) == before_seen


def test_a_change_shares_the_lists_that_it_leaves_alone() -> None:
    # Given two lists
    lists = Lists(1, [TEXTS, BINS], {"texts": [Entry("a")], "bins": [Entry("411111")]})
    # When one is changed, Then the other is the very same
    changed = lists.with_changes(2, added={"texts": [Entry("b")]})
    assert changed.contains("bins") == lists.contains("bins")
    assert changed.contains("texts") != lists.contains("texts")


def test_lists_come_and_go_with_their_definitions() -> None:
    # Given a list
    lists = Lists(1, [TEXTS], {"texts": [Entry("a")]})
    # When it goes, or is another of the same name, Then what it held is gone
    other = msgspec.structs.replace(TEXTS, field="beneficiary")
    assert not lists.with_changes(2, definitions=[other]).contains("texts")("a", 5)
    with pytest.raises(ConfigurationError, match="there is no list 'texts'; there are bins"):
        lists.with_changes(2, definitions=[BINS]).contains("texts")
    # And a list beside it does not matter
    assert lists.with_changes(2, definitions=[TEXTS, BINS]).contains("texts")("a", 5)


def test_the_shipped_lists_are_version_0_and_in_their_one_form() -> None:
    lists = Lists.starter()
    assert lists.version == 0
    assert lists.definitions == {
        "high_risk_countries": msgspec.structs.replace(
            COUNTRIES, name="high_risk_countries", description=lists.definitions["high_risk_countries"].description
        )
    }
    contains = lists.contains("high_risk_countries")
    assert [contains(code, NOON) for code in ("KP", "kp", "BE", None)] == [True, False, False, False]


@pytest.mark.parametrize(
    ("kind", "field", "text", "expected"),
    [
        ("country", "country", " kp ", "KP"),
        ("text", "country", "be", "BE"),
        ("text", "currency", "eur", "EUR"),
        ("text", "merchant", " Café  Ørsted ", "Café  Ørsted"),
        ("account", "account_id", " a ", "a"),
        ("bin", "card_bin", " 411111 ", "411111"),
        ("network", "ip", " 192.0.2.1 ", "192.0.2.1/32"),
        ("network", "ip", "2001:DB8:0::/32", "2001:db8::/32"),
        ("network", "ip", "::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("text", "device_id", "4111 1111 1111 1111", "4111 1111 1111 1111"),
    ],
)
def test_values_have_one_form(kind: Any, field: str, text: str, expected: str) -> None:
    assert listing.value(kind, field, text) == expected
    assert listing.value(kind, field, expected) == expected


@pytest.mark.parametrize(
    ("kind", "field", "text"),
    [
        ("country", "country", "UK"),
        ("country", "country", "Belgium"),
        ("text", "currency", "XXX"),
        ("text", "merchant", " "),
        ("text", "merchant", "m" * 257),
        ("text", "merchant", "Shop 4111 1111 1111 1111"),
        ("text", "device_id", "a\0"),
        ("text", "device_id", "\ud800"),
        ("account", "account_id", "a" * 129),
        ("bin", "card_bin", "41111"),
        ("bin", "card_bin", "411111111"),
        ("bin", "card_bin", "4111 11"),
        ("bin", "card_bin", "٤١١١١١"),
    ],
)
def test_values_that_cannot_be_on_a_list_are_refused(kind: Any, field: str, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        listing.value(kind, field, text)
    assert caught.value.fields[0].path == "value"
    assert "4111 1111" not in str(caught.value)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("RS"), st.sampled_from(["account_id", "ip"]), st.sampled_from("ab"), st.integers(1, 9)
        )
    ),
    st.integers(0, 10),
)
def test_a_rule_is_snoozed_for_the_entities_named_until_then(given_: list[tuple[str, str, str, int]], at: int) -> None:
    lists = Lists(1, snoozes=[Snooze(*each) for each in given_])
    for rule in "RS":
        for account_id in "abc":
            paid = transaction(account_id, created_at=at, ip="b")
            expected = any(
                r == rule and at < until and value == {"account_id": account_id, "ip": "b"}[field]
                for r, field, value, until in given_
            )
            assert lists.snoozed(rule, paid) == expected


# What lists and snoozes do to verdicts.

DEMANDING = Rule("RULE_LARGE", "Large", "", "amount_base > 10000", 100.0, Level.CRITICAL)
SANCTIONED = Rule("RULE_SANCTIONED", "Sanctioned", "", 'beneficiary in ("mule",)', 1.0, Level.HIGH, "review")


def decided(lists: Lists, amount: str = "5.00", *, at: int = NOON, **fields: Any) -> Verdict:
    """The verdict of two rules and these lists."""
    ruleset = msgspec.structs.replace(ENGINE.ruleset, rules=(DEMANDING, SANCTIONED))
    engine = Engine(ENGINE.catalogue, ruleset, ENGINE.rates, lists)
    (verdict,) = engine.score([transaction(amount=amount, created_at=at, **fields)], Memory())
    return verdict


def acting(effect: Effect, expires_at: int | None = None) -> Lists:
    """One list of networks that acts by itself."""
    definition = msgspec.structs.replace(NETWORKS, effect=effect)
    return Lists(7, [definition], {"networks": [Entry("192.0.2.0/24", expires_at)]})


@pytest.mark.parametrize(
    ("effect", "outcome", "rules"),
    [
        ("none", Outcome.APPROVE, ()),
        ("allow", Outcome.APPROVE, ("LIST_NETWORKS",)),
        ("watch", Outcome.REVIEW, ("LIST_NETWORKS",)),
        ("block", Outcome.DECLINE, ("LIST_NETWORKS",)),
    ],
)
def test_a_list_acts_by_itself(effect: Effect, outcome: Outcome, rules: tuple[str, ...]) -> None:
    # Given a list with an effect, When one of its addresses pays, Then the effect decides, and the list is named
    verdict = decided(acting(effect), ip="192.0.2.9")
    assert (verdict.outcome, verdict.rules, verdict.shadow, verdict.versions.lists) == (outcome, rules, (), 7)
    # And another address does not feel it
    assert (decided(acting(effect), ip="198.51.100.9").outcome, decided(acting(effect)).rules) == (Outcome.APPROVE, ())


def test_what_is_allowed_is_approved_unless_a_rule_demands_more() -> None:
    # Given a payment that would be reviewed or declined by its score
    assert decided(acting("none"), "20000.00", ip="192.0.2.9").outcome is not Outcome.APPROVE
    # When its address is allowed, Then it is approved, though the rule fired
    allowed = decided(acting("allow"), "20000.00", ip="192.0.2.9")
    assert (allowed.outcome, allowed.rules) == (Outcome.APPROVE, ("RULE_LARGE", "LIST_NETWORKS"))
    # And a rule with a minimum outcome has its way all the same
    demanded = decided(acting("allow"), ip="192.0.2.9", beneficiary="mule")
    assert (demanded.outcome, demanded.rules) == (Outcome.REVIEW, ("RULE_SANCTIONED", "LIST_NETWORKS"))


def test_an_entry_acts_until_it_ends_by_the_time_of_acceptance() -> None:
    # Given an entry that ends at noon
    lists = acting("block", NOON)
    # When payments are accepted just before and at noon, whatever they say of when they occurred
    before = decided(lists, ip="192.0.2.9", at=NOON - 1, occurred_at=NOON + HOUR)
    after = decided(lists, ip="192.0.2.9", at=NOON, occurred_at=NOON - HOUR)
    # Then only the one before is declined
    assert (before.outcome, after.outcome) == (Outcome.DECLINE, Outcome.APPROVE)


def test_a_snoozed_rule_fires_without_counting() -> None:
    # Given a rule that is snoozed for one account until noon
    lists = Lists(1, snoozes=[Snooze("RULE_LARGE", "account_id", "alice", NOON)])
    # When that account and another pay much, before and after
    snoozed = decided(lists, "20000.00", account_id="alice", at=NOON - 1)
    awake = decided(lists, "20000.00", account_id="alice", at=NOON)
    other = decided(lists, "20000.00", account_id="bob", at=NOON - 1)
    # Then it is silent for that account until then, and decisions say that it fired
    assert (snoozed.rules, snoozed.shadow, snoozed.parts.rules) == ((), ("RULE_LARGE",), 0.0)
    assert (awake.rules, awake.shadow) == (other.rules, other.shadow) == (("RULE_LARGE",), ())


def test_the_rule_that_a_list_implies_can_be_snoozed() -> None:
    lists = acting("block").with_changes(8, snoozes=[Snooze("LIST_NETWORKS", "account_id", "alice", NOON + 1)])
    snoozed, other = (decided(lists, ip="192.0.2.9", account_id=name) for name in ("alice", "bob"))
    assert (snoozed.outcome, snoozed.shadow, other.outcome) == (Outcome.APPROVE, ("LIST_NETWORKS",), Outcome.DECLINE)
