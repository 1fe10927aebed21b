"""Changes of lists and snoozes are whole, numbered, told to all, and every version of them can be had again."""

import asyncio
import io
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from riskengine.domain import clock
from riskengine.domain.errors import InvalidInput, Malformed, NotFound, ReleaseConflict
from riskengine.domain.listing import ListDefinition, Snooze
from riskengine.pipeline import curating, listed
from riskengine.pipeline.curating import Changed, Curating
from riskengine.pipeline.curation_checks import NewEntry
from riskengine.scoring.lists import Lists
from riskengine.storage import lists, running
from riskengine.storage.database import Database
from tests import factories

DEVICES = ListDefinition("stolen_devices", "text", "block", "device_id", "Reported stolen")
NETWORKS = ListDefinition("bad_networks", "network", "watch", "ip")
LATER = clock.now_ms() + clock.DAY


@pytest.fixture
async def curators(database: Database) -> Curating:
    """Someone who may change lists, where those that are shipped are there."""
    await curating.ensure_starter(database)
    return Curating(database)


def csv(*rows: str) -> io.BytesIO:
    return io.BytesIO("\n".join(rows).encode())


async def version(database: Database) -> int:
    return (await running.get(database)).lists


async def values(database: Database, name: str) -> list[str]:
    return [entry.value for entry in await lists.page(database, name, None, 100)]


def faults(caught: pytest.ExceptionInfo[InvalidInput]) -> dict[str, str]:
    return {fault.path: fault.message for fault in caught.value.fields}


async def test_a_change_is_the_next_version_and_says_who_made_it(database: Database, curators: Curating) -> None:
    # Given a list
    before = await running.get(database)
    created = await curators.create(DEVICES, "ann")
    # When entries are added
    added = await curators.add("stolen_devices", [NewEntry("d-1"), NewEntry(" d-2 ", LATER, "case 7")], "bob")
    # Then each change is a version and a generation of its own, with its author
    after = await running.get(database)
    assert (created, added) == (Changed(before.lists + 1), Changed(before.lists + 2, added=2))
    assert (after.lists, after.generation) == (before.lists + 2, before.generation + 2)
    last, first = await running.history(database, None, 2)
    assert [(p.kind, p.action, p.version, p.previous, p.published_by) for p in (first, last)] == [
        ("lists", "change", created.version, before.lists, "ann"),
        ("lists", "change", added.version, created.version, "bob"),
    ]
    # And the entries are as they were meant
    one, two = await lists.page(database, "stolen_devices", None, 10)
    assert (one.value, one.expires_at, one.note, one.added_by) == ("d-1", None, "", "bob")
    assert (two.value, two.expires_at, two.note) == ("d-2", LATER, "case 7")


async def test_every_process_is_told_once_it_is_committed(
    database: Database, database_url: str, curators: Curating
) -> None:
    # Given someone who listens
    heard: asyncio.Queue[str] = asyncio.Queue()
    connection = await asyncpg.connect(database_url)
    await connection.add_listener("riskengine_running", lambda *told: heard.put_nowait(told[3]))
    # When a list is made, Then its generation is told
    await curators.create(DEVICES, "ann")
    told = await asyncio.wait_for(heard.get(), 10)
    assert int(told) == (await running.get(database)).generation
    await connection.close()


async def test_nothing_changes_when_nothing_is_new(database: Database, curators: Curating) -> None:
    # Given an entry
    await curators.create(DEVICES, "ann")
    added = await curators.add("stolen_devices", [NewEntry("d-1", LATER, "n")], "ann")
    # When it is added again as it is, Then there is no new version
    again = await curators.add("stolen_devices", [NewEntry("d-1", LATER, "n"), NewEntry("d-1", LATER, "n")], "bob")
    assert again == Changed(added.version)
    assert await version(database) == added.version


async def test_an_entry_that_comes_again_has_its_new_end_and_older_versions_keep_the_old_one(
    database: Database, curators: Curating
) -> None:
    # Given an entry that ends soon
    await curators.create(DEVICES, "ann")
    first = await curators.add("stolen_devices", [NewEntry("d-1", LATER)], "ann")
    # When it is added again, without an end
    second = await curators.add("stolen_devices", [NewEntry("d-1", None, "for good")], "ann")
    # Then it is there once, for good, and the old version says what it said
    assert (second.added, second.removed) == (1, 1)
    assert [(e.value, e.expires_at, e.note) for e in await lists.page(database, "stolen_devices", None, 9)] == [
        ("d-1", None, "for good")
    ]
    old, new = await listed.load(database, first.version), await listed.load(database, second.version)
    assert [each.contains("stolen_devices")("d-1", LATER) for each in (old, new)] == [False, True]
    assert [each.contains("stolen_devices")("d-1", LATER - 1) for each in (old, new)] == [True, True]


async def test_entries_are_added_all_or_none_and_each_fault_is_named(database: Database, curators: Curating) -> None:
    # Given a list of networks
    made = await curators.create(NETWORKS, "ann")
    # When some of what is added is wrong
    with pytest.raises(InvalidInput) as caught:
        await curators.add(
            "bad_networks",
            [
                NewEntry("192.0.2.0/24"),
                NewEntry("192.0.2.1/24"),
                NewEntry("10.0.0.1", expires_at=1),
                NewEntry("::1", note="card 4111 1111 1111 1111"),
            ],
            "ann",
        )
    # Then each fault is named, with what to do, and nothing is stored
    named = faults(caught)
    assert list(named) == ["entries[1].value", "entries[2].expires_at", "entries[3].note"]
    assert "write 192.0.2.0/24, or 192.0.2.1 for the one address" in named["entries[1].value"]
    assert await values(database, "bad_networks") == []
    assert await version(database) == made.version


async def test_one_request_cannot_say_two_things_of_a_value(database: Database, curators: Curating) -> None:
    # Given a list of networks
    await curators.create(NETWORKS, "ann")
    # When one network is given twice, in two spellings and with two ends, Then it is refused
    with pytest.raises(InvalidInput) as caught:
        await curators.add("bad_networks", [NewEntry("::1"), NewEntry("0::1/128", LATER)], "ann")
    assert list(faults(caught)) == ["entries[1].value"]
    assert await values(database, "bad_networks") == []


async def test_what_is_removed_is_gone_and_older_versions_have_it(database: Database, curators: Curating) -> None:
    # Given two entries
    await curators.create(NETWORKS, "ann")
    full = await curators.add("bad_networks", [NewEntry("192.0.2.0/24"), NewEntry("::1")], "ann")
    # When one is removed, in another spelling
    gone = await curators.remove("bad_networks", ["0:0::1", "198.51.100.1"], "bob")
    # Then it is gone from now on
    assert gone == Changed(full.version + 1, removed=1)
    assert await values(database, "bad_networks") == ["192.0.2.0/24"]
    old, new = await listed.load(database, full.version), await listed.load(database, gone.version)
    assert [each.contains("bad_networks")("::1", 5) for each in (old, new)] == [True, False]
    # And nothing can be removed that is not there, or is no network
    with pytest.raises(NotFound):
        await curators.remove("bad_networks", ["::1"], "bob")
    with pytest.raises(InvalidInput):
        await curators.remove("bad_networks", ["::1", "x"], "bob")
    with pytest.raises(NotFound):
        await curators.remove("no_list", ["::1"], "bob")


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"name": "Bad"}, ["name"]),
        ({"name": "1bad"}, ["name"]),
        ({"name": "a" * 64}, ["name"]),
        ({"name": "bad\n"}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"kind": "regex", "effect": "approve"}, ["kind", "effect"]),
        ({"field": "amount"}, ["field"]),
        ({"field": ""}, ["field"]),
        ({"kind": "bin"}, ["field"]),
        ({"description": "x" * 501}, ["description"]),
        ({"name": "high_risk_countries"}, ["name"]),
    ],
)
async def test_a_list_that_cannot_be_is_refused(
    database: Database, curators: Curating, changes: dict[str, Any], paths: list[str]
) -> None:
    plain = {"name": "stolen", "kind": "text", "effect": "none", "field": "device_id", "description": ""}
    with pytest.raises(InvalidInput) as caught:
        await curators.create(ListDefinition(**(plain | changes)), "ann")
    assert list(faults(caught)) == paths
    assert await version(database) == 0


async def test_a_list_that_a_rule_looks_into_cannot_be_dropped(database: Database, curators: Curating) -> None:
    # Given a rule set that looks into the shipped list
    # When it is dropped, Then the rule is named, and nothing changes
    with pytest.raises(ReleaseConflict, match="RULE_HIGH_RISK_COUNTRY"):
        await curators.drop("high_risk_countries", "ann")
    assert await values(database, "high_risk_countries") == sorted(["KP", "IR", "SY", "CU", "VE", "MM", "BY", "ZW"])
    assert await version(database) == 0


async def test_a_dropped_list_is_gone_and_can_be_made_anew(database: Database, curators: Curating) -> None:
    # Given a list with an entry
    await curators.create(DEVICES, "ann")
    full = await curators.add("stolen_devices", [NewEntry("d-1")], "ann")
    known = await listed.load(database, full.version)
    # When it is dropped
    dropped = await curators.drop("stolen_devices", "bob")
    # Then it is no more
    assert dropped == Changed(full.version + 1, removed=1)
    with pytest.raises(NotFound):
        await lists.get(database, "stolen_devices")
    with pytest.raises(NotFound):
        await curators.drop("stolen_devices", "bob")
    # And a new one of that name begins empty, also for a process that knew the old one
    await curators.create(DEVICES, "ann")
    made = await curators.add("stolen_devices", [NewEntry("d-2")], "ann")
    for state in (await listed.load(database, made.version, known), await listed.load(database, made.version)):
        assert [state.contains("stolen_devices")(value, 5) for value in ("d-1", "d-2")] == [False, True]
    assert (await listed.load(database, full.version)).contains("stolen_devices")("d-1", 5)
    assert "stolen_devices" not in (await listed.load(database, dropped.version, known)).definitions


async def test_a_file_is_taken_whole(database: Database, curators: Curating) -> None:
    # Given a list of networks with an entry
    await curators.create(NETWORKS, "ann")
    await curators.add("bad_networks", [NewEntry("192.0.2.0/24"), NewEntry("198.51.100.1", None, "old")], "ann")
    # When a file is imported, in another order of columns, with what a spreadsheet adds
    file = csv(
        "\ufeffnote,Value", '"two, ""lines""\nof it",2001:db8::/32', "", ",", "new,198.51.100.1", ",192.0.2.0/24"
    )
    done = await curators.import_csv("bad_networks", file, "bob")
    # Then its rows are there, as well as what was there before
    assert (done.added, done.removed) == (2, 1)
    found = {entry.value: (entry.note, entry.added_by) for entry in await lists.page(database, "bad_networks", None, 9)}
    assert found == {
        "2001:db8::/32": ('two, "lines"\nof it', "bob"),
        "198.51.100.1/32": ("new", "bob"),
        "192.0.2.0/24": ("", "ann"),
    }


async def test_a_file_may_be_all_that_a_list_holds(database: Database, curators: Curating) -> None:
    # Given a list with three entries
    await curators.create(DEVICES, "ann")
    await curators.add("stolen_devices", [NewEntry("d-1"), NewEntry("d-2"), NewEntry("d-3", LATER)], "ann")
    # When a file replaces it: one stays, one gets another end, one goes, one comes
    end = clock.to_datetime(LATER + 1).isoformat()
    done = await curators.import_csv("stolen_devices", csv("d-1", f"d-3,{end}", "d-4"), "ann", replace=True)
    # Then it holds exactly the file
    assert (done.added, done.removed) == (2, 2)
    found = [(entry.value, entry.expires_at) for entry in await lists.page(database, "stolen_devices", None, 9)]
    assert found == [("d-1", None), ("d-3", LATER + 1), ("d-4", None)]
    # And an empty file empties it
    assert (await curators.import_csv("stolen_devices", csv("value"), "ann", replace=True)).removed == 3


async def test_a_file_with_bad_rows_is_refused_once_and_names_them_all(database: Database, curators: Curating) -> None:
    # Given a list, and a long file with rows that are wrong, one of them because of an earlier one
    made = await curators.create(NETWORKS, "ann")
    rows = [f"10.{n // 256}.{n % 256}.0/24,,n" for n in range(9_000)]
    rows[10] = "10.0.0.1/8,,n"
    rows[5_000] = "10.0.7.0/24,2030-01-01,n"
    rows[6_000] = "10.0.6.0/24,,another"
    rows[8_999] = "10.9.9.9,,n,surplus"
    # When it is imported
    with pytest.raises(InvalidInput) as caught:
        await curators.import_csv("bad_networks", csv("value,expires_at,note", *rows), "ann")
    # Then each is named by its row, and nothing is stored
    named = faults(caught)
    assert list(named) == ["row 12", "row 5002", "row 6002", "row 9001"]
    assert named["row 12"].startswith("value has bits beyond its first 8")
    assert named["row 5002"].startswith("expires_at must be RFC 3339")
    assert named["row 6002"].startswith("value is that of row 8")
    assert "4 of 9000 rows" in str(caught.value)
    assert await values(database, "bad_networks") == []
    assert await version(database) == made.version


async def test_a_file_of_nothing_but_mistakes_names_the_first_hundred(curators: Curating) -> None:
    await curators.create(NETWORKS, "ann")
    with pytest.raises(InvalidInput, match=r"5000 of 5000 rows .* first 100 are named") as caught:
        await curators.import_csv("bad_networks", csv(*(["x"] * 5_000)), "ann")
    assert list(faults(caught)) == [f"row {number}" for number in range(1, 101)]


@pytest.mark.parametrize("content", [b"value\n\xff\xfe", b"a" * 200_000, b'a,"' + b"b" * 200_000])
async def test_what_is_no_csv_is_refused(database: Database, curators: Curating, content: bytes) -> None:
    await curators.create(DEVICES, "ann")
    with pytest.raises(Malformed):
        await curators.import_csv("stolen_devices", io.BytesIO(content), "ann")
    # And the connection is good for the next
    assert (await curators.import_csv("stolen_devices", csv("d-1"), "ann")).added == 1


@pytest.mark.parametrize("header", ["value,country", "value,value", "value,"])
async def test_a_header_names_only_known_columns_once(curators: Curating, header: str) -> None:
    await curators.create(DEVICES, "ann")
    with pytest.raises(InvalidInput, match="invalid fields") as caught:
        await curators.import_csv("stolen_devices", csv(header, "d-1"), "ann")
    assert list(faults(caught)) == ["row 1"]


async def test_a_snooze_is_part_of_the_version(database: Database, curators: Curating) -> None:
    # Given an account that a rule annoys
    alice = factories.transaction("alice", created_at=LATER - 1)
    too_late = factories.transaction("alice", created_at=LATER)
    bob = factories.transaction("bob", created_at=LATER - 1)
    # When the rule is snoozed for it
    done = await curators.snooze(Snooze("RULE_SPIKE_ANOMALY", "account_id", "alice", LATER), "ann", "moves house")
    # Then it is silenced for that account alone, until then, in this version
    state = await listed.load(database, done.version)
    assert [state.snoozed("RULE_SPIKE_ANOMALY", each) for each in (alice, too_late, bob)] == [True, False, False]
    assert not state.snoozed("RULE_CRITICAL_AMOUNT", alice)
    (kept,) = await lists.snoozes(database)
    assert (kept.snooze.value, kept.note, kept.added_by) == ("alice", "moves house", "ann")
    # And a later one takes its place, and it can be ended
    longer = await curators.snooze(Snooze("RULE_SPIKE_ANOMALY", "account_id", "alice", LATER + 1), "ann")
    assert (await listed.load(database, longer.version, state)).snoozed("RULE_SPIKE_ANOMALY", too_late)
    assert not (await listed.load(database, done.version)).snoozed("RULE_SPIKE_ANOMALY", too_late)
    ended = await curators.unsnooze("RULE_SPIKE_ANOMALY", "account_id", "alice", "bob")
    assert not (await listed.load(database, ended.version, state)).snoozed("RULE_SPIKE_ANOMALY", alice)
    assert await lists.snoozes(database) == []
    with pytest.raises(NotFound):
        await curators.unsnooze("RULE_SPIKE_ANOMALY", "account_id", "alice", "bob")


async def test_the_rule_that_a_list_implies_can_be_snoozed(database: Database, curators: Curating) -> None:
    await curators.create(DEVICES, "ann")
    done = await curators.snooze(Snooze("LIST_STOLEN_DEVICES", "ip", "2001:DB8:0::1", LATER), "ann")
    state = await listed.load(database, done.version)
    at = factories.transaction(ip="2001:db8::1", created_at=LATER - 1)
    assert state.snoozed("LIST_STOLEN_DEVICES", at)


@pytest.mark.parametrize(
    ("changes", "path", "hint"),
    [
        ({"rule_id": "RULE_SPIKE_ANOMLY"}, "rule_id", "did you mean RULE_SPIKE_ANOMALY?"),
        ({"rule_id": "rule_spike_anomaly"}, "rule_id", "did you mean RULE_SPIKE_ANOMALY?"),
        ({"rule_id": "?"}, "rule_id", "look at the rules"),
        ({"field": "amount"}, "field", "account_id"),
        ({"value": ""}, "value", "text of 1 to 128"),
        ({"field": "ip", "value": "192.0.2.0/24"}, "value", "one IPv4 or IPv6 address"),
        ({"until": 1}, "until", "a time to come"),
    ],
)
async def test_a_snooze_that_would_silence_nothing_is_refused(
    database: Database, curators: Curating, changes: dict[str, Any], path: str, hint: str
) -> None:
    plain = {"rule_id": "RULE_SPIKE_ANOMALY", "field": "account_id", "value": "alice", "until": LATER}
    with pytest.raises(InvalidInput) as caught:
        await curators.snooze(Snooze(**(plain | changes)), "ann")
    assert list(faults(caught)) == [path]
    assert hint in faults(caught)[path]
    assert await version(database) == 0


async def test_changes_at_once_take_turns(database: Database, curators: Curating) -> None:
    # Given a list, and many who change it at once
    made = await curators.create(DEVICES, "ann")
    turns = [curators.add("stolen_devices", [NewEntry("same", LATER + n), NewEntry(f"d{n}")], "x") for n in range(8)]
    # When they all add, one value of it the same
    done = await asyncio.gather(*turns)
    # Then each is a version of its own, and the value is there once
    assert sorted(each.version for each in done) == [made.version + n for n in range(1, 9)]
    assert sorted(await values(database, "stolen_devices")) == sorted(["same", *(f"d{n}" for n in range(8))])


async def test_the_shipped_lists_are_version_0_once_and_for_all(database: Database) -> None:
    # When several make sure of them at once
    await asyncio.gather(*(curating.ensure_starter(database) for _ in range(4)))
    # Then they are there as shipped, and are version 0
    shipped = Lists.starter()
    state = await listed.load(database, 0)
    assert state.definitions == shipped.definitions
    assert set(await values(database, "high_risk_countries")) == {"KP", "IR", "SY", "CU", "VE", "MM", "BY", "ZW"}
    assert await version(database) == 0
    # And what becomes of them is left alone
    await Curating(database).remove("high_risk_countries", ["CU"], "ann")
    await curating.ensure_starter(database)
    assert "CU" not in await values(database, "high_risk_countries")
    assert (await listed.load(database, 0)).contains("high_risk_countries")("CU", 5)


async def test_any_state_is_had_from_any_earlier_one(database: Database, curators: Curating) -> None:
    # Given a history of changes of two lists
    probes = [("stolen_devices", f"d{n}") for n in range(6)] + [("bad_networks", "192.0.2.7"), ("bad_networks", "::1")]
    await curators.create(DEVICES, "a")
    await curators.create(NETWORKS, "a")
    steps: Sequence[tuple[str, list[str], list[str]]] = (
        ("stolen_devices", ["d0", "d1", "d2"], ["d1"]),
        ("bad_networks", ["192.0.2.0/24", "::/0"], ["::/0"]),
        ("stolen_devices", ["d1", "d3"], ["d0", "d3"]),
        ("bad_networks", ["::1"], ["192.0.2.0/24"]),
        ("stolen_devices", ["d0", "d5"], ["d2"]),
    )
    for name, come, go in steps:
        await curators.add(name, [NewEntry(value) for value in come], "a")
        await curators.remove(name, go, "a")
    # When each state is read whole, and from each earlier one
    newest = await version(database)
    whole = [await listed.load(database, number) for number in range(newest + 1)]

    def shown(state: Lists) -> list[bool | None]:
        return [state.contains(n)(v, 5) if n in state.definitions else None for n, v in probes]

    # Then both are the same
    for later in range(newest + 1):
        for earlier in range(later):
            state = await listed.load(database, later, whole[earlier])
            assert (state.version, state.definitions, shown(state)) == (
                later,
                whole[later].definitions,
                shown(whole[later]),
            )
    assert len({tuple(map(str, shown(state))) for state in whole}) > len(steps)
