"""Only what can run beside what else runs is published; what runs is never harmed by what is refused."""

import asyncio
from collections.abc import Collection

import msgspec
import pytest

from riskengine.domain.errors import Forbidden, InvalidInput, NotFound, Overloaded, ReleaseConflict
from riskengine.domain.release import DraftState, Kind
from riskengine.pipeline.publishing import Publishing
from riskengine.scoring import money
from riskengine.scoring.features import catalogue as catalogues
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.rules import ruleset as rulesets
from riskengine.storage.database import Database
from tests.pipeline import published
from tests.pipeline.published import STARTER, catalogue_with, catalogue_without, marked, publish, publishing, rates


async def _refused(database: Database, kind: Kind, content: bytes, message: str) -> InvalidInput:
    """Sees to it that a check and a publication are refused, and that nothing changes."""
    by_one = publishing(database)
    before = await by_one.running()
    draft = await by_one.draft(kind, content, "ann")
    with pytest.raises(InvalidInput, match=message):
        await by_one.check(draft.draft_id)
    with pytest.raises(InvalidInput, match=message) as refusal:
        await by_one.publish(draft.draft_id, "ann")
    assert await by_one.running() == before
    assert (await by_one.draft_of(draft.draft_id)).state is DraftState.DRAFT
    return refusal.value


async def test_a_draft_is_checked_and_becomes_the_next_release(database: Database) -> None:
    # Given a draft
    by_one = publishing(database)
    draft = await by_one.draft(Kind.RULESET, marked(2), "ann", "a mark", base=1)
    assert await by_one.drafts(Kind.RULESET) == [draft]
    # When it is checked and published
    checked = await by_one.check(draft.draft_id)
    done = await by_one.publish(draft.draft_id, "bob")
    # Then it runs, everybody can see whose it is, and it is a draft no more
    assert checked.state is DraftState.CHECKED
    assert (done.generation, done.kind, done.version, done.previous) == (4, "ruleset", 2, 1)
    assert (done.action, done.published_by, done.note) == ("publish", "bob", "a mark")
    assert (await by_one.running()).ruleset == 2
    release = await by_one.release(Kind.RULESET, 2)
    assert (release.created_by, release.approved_by, release.note) == ("ann", None, "a mark")
    assert await by_one.drafts(Kind.RULESET) == []
    assert (await by_one.draft_of(draft.draft_id)).version == 2
    assert await by_one.history(Kind.RULESET, 1) == [done]


async def test_what_is_published_carries_its_number_whatever_the_draft_said(database: Database) -> None:
    # Given drafts that say that they are version 1, when they are published
    await publish(database, Kind.RULESET, marked(2))
    await publish(database, Kind.CATALOGUE, catalogue_with("another"))
    await publish(database, Kind.RATES, rates())
    # Then the releases say 2, and nothing else is different
    by_one = publishing(database)
    ruleset = rulesets.load(await by_one.content(Kind.RULESET, 2))
    catalogue = catalogues.load(await by_one.content(Kind.CATALOGUE, 2))
    table = money.load(await by_one.content(Kind.RATES, 2))
    assert (ruleset.version, catalogue.version, table.version) == (2, 2, 2)
    assert msgspec.structs.replace(ruleset, version=1) == rulesets.load(marked(2))
    assert catalogue.names == (*STARTER.catalogue.names, "another")
    assert msgspec.structs.replace(table, version=1) == STARTER.rates


async def test_a_rule_set_that_does_not_compile_is_refused(database: Database) -> None:
    refusal = await _refused(database, Kind.RULESET, marked(2, "no_such_feature > 1"), "no_such_feature")
    assert [fault.path for fault in refusal.fields] == ["rules.RULE_MARK_2"]
    await _refused(database, Kind.RULESET, b"rules: [", "cannot be read|not YAML|YAML")
    await _refused(database, Kind.RULESET, marked(2, 'country in list("nowhere")'), "nowhere")


async def test_a_catalogue_without_what_is_used_is_refused_with_the_user(database: Database) -> None:
    # Given features that a rule, the behaviour score and the model need
    await publish(database, Kind.CATALOGUE, catalogue_with("spare"))
    await publish(database, Kind.MODEL, b"spare")
    await publish(database, Kind.RULESET, marked(2, "spare > 1e30"))
    # When a catalogue lacks them, then it is refused, and it is said who needs them
    await _refused(database, Kind.CATALOGUE, catalogue_without(), "model 1, which runs, .*needs the feature spare")
    by_one = publishing(database)
    await by_one.rollback(Kind.MODEL, None, "ann")
    await _refused(database, Kind.CATALOGUE, catalogue_without(), "(?s)rule set 2, which runs, .*RULE_MARK_2.*spare")
    # And when nobody needs it any more, it is taken
    await by_one.rollback(Kind.RULESET, 1, "ann")
    await _refused(database, Kind.CATALOGUE, catalogue_without("log_amount"), "behaviour score needs .* log_amount")
    assert (await publish(database, Kind.CATALOGUE, catalogue_without())).version == 3


async def test_models_and_rates_that_do_not_fit_are_refused(database: Database) -> None:
    await _refused(database, Kind.MODEL, b"amount_base nothing_like_it", "nothing_like_it")
    foreign = {currency: rate for currency, rate in STARTER.rates.rates.items() if currency != STARTER.rates.base}
    await _refused(database, Kind.RATES, _without_base(foreign), "base currency")
    other = {**foreign, "USD": money.load(rates()).rates[STARTER.rates.base]}
    await _refused(database, Kind.RATES, rates(base="USD", rates=other), "in USD, and all that is remembered is in EUR")


def _without_base(foreign: object) -> bytes:
    table = msgspec.yaml.decode(rates())
    return msgspec.yaml.encode({**table, "rates": msgspec.to_builtins(foreign)})


async def test_a_rule_over_a_cold_feature_is_refused(database: Database) -> None:
    # Given a feature whose past was not filled in
    await publish(database, Kind.CATALOGUE, catalogue_with("fresh"))

    async def cold(catalogue: Catalogue) -> Collection[str]:
        return {"fresh"} & set(catalogue.names)

    careful = Publishing(database, published.builder(database), approval=False, cold_features=cold)
    # When a rule uses it, then it is said how to fill it; without such a rule nobody minds
    draft = await careful.draft(Kind.RULESET, marked(2, "fresh > 1"), "ann")
    with pytest.raises(InvalidInput, match=r"RULE_MARK_2 uses fresh.*`riskengine features backfill`"):
        await careful.publish(draft.draft_id, "ann")
    draft = await careful.draft(Kind.RULESET, marked(2), "ann")
    assert (await careful.publish(draft.draft_id, "ann")).version == 2


async def test_where_two_are_needed_the_second_is_another(database: Database) -> None:
    # Given an engine that asks for a second person
    by_two = publishing(database, approval=True)
    draft = await by_two.draft(Kind.RULESET, marked(2), "ann")
    await by_two.check(draft.draft_id)
    # When one person alone tries, then nothing comes of it
    with pytest.raises(Forbidden, match="another person than ann"):
        await by_two.publish(draft.draft_id, "ann")
    with pytest.raises(Forbidden, match="another person must"):
        await by_two.approve(draft.draft_id, "ann")
    # And when another one approves, it is published with both names
    approved = await by_two.approve(draft.draft_id, "bob")
    await by_two.publish(draft.draft_id, "ann")
    assert (approved.state, approved.approved_by) == (DraftState.APPROVED, "bob")
    assert (await by_two.release(Kind.RULESET, 2)).approved_by == "bob"
    # And nobody needs to approve what was published before
    assert (await by_two.rollback(Kind.RULESET, 1, "ann")).action == "rollback"


async def test_what_is_not_fit_is_not_approved(database: Database) -> None:
    by_two = publishing(database, approval=True)
    draft = await by_two.draft(Kind.RULESET, marked(2, "no_such_feature > 1"), "ann")
    with pytest.raises(InvalidInput, match="no_such_feature"):
        await by_two.approve(draft.draft_id, "bob")


async def test_a_draft_made_from_what_runs_no_more_is_refused(database: Database) -> None:
    # Given a draft made from 1, when another is published first
    by_one = publishing(database)
    draft = await by_one.draft(Kind.RULESET, marked(3), "ann", base=1)
    await publish(database, Kind.RULESET, marked(2))
    # Then it is refused, and it is said what to do
    with pytest.raises(ReleaseConflict, match="ruleset 2 runs now, and the draft was made from 1; export"):
        await by_one.publish(draft.draft_id, "ann")
    assert (await by_one.running()).ruleset == 2


async def test_a_draft_that_is_not_open_is_left_alone(database: Database) -> None:
    by_one = publishing(database)
    draft = await by_one.draft(Kind.RULESET, marked(2), "ann")
    assert (await by_one.discard(draft.draft_id)).state is DraftState.DISCARDED
    for step in (by_one.check(draft.draft_id), by_one.publish(draft.draft_id, "ann"), by_one.discard(draft.draft_id)):
        with pytest.raises(ReleaseConflict, match="discarded; make a new one"):
            await step
    assert (await by_one.running()).ruleset == 1


async def test_a_rollback_runs_what_ran_before(database: Database) -> None:
    # Given two rule sets and a model
    await publish(database, Kind.RULESET, marked(2))
    await publish(database, Kind.MODEL, b"amount_base")
    by_one = publishing(database)
    # When one goes back, and out of service
    back = await by_one.rollback(Kind.RULESET, 1, "ann", "too many alarms")
    out = await by_one.rollback(Kind.MODEL, None, "ann")
    # Then that runs, and the next release has a number of its own all the same
    assert (back.version, back.previous, back.action, back.note) == (1, 2, "rollback", "too many alarms")
    assert (out.version, out.previous) == (None, 1)
    runs = await by_one.running()
    assert (runs.ruleset, runs.model) == (1, None)
    assert (await publish(database, Kind.RULESET, marked(3))).version == 3


async def test_a_rollback_that_makes_no_sense_is_refused(database: Database) -> None:
    by_one = publishing(database)
    with pytest.raises(ReleaseConflict, match="ruleset 1 runs already"):
        await by_one.rollback(Kind.RULESET, 1, "ann")
    with pytest.raises(NotFound):
        await by_one.rollback(Kind.RULESET, 2, "ann")
    with pytest.raises(InvalidInput, match="one ruleset must run"):
        await by_one.rollback(Kind.RULESET, None, "ann")
    # And one to a catalogue that a rule has outgrown
    await publish(database, Kind.CATALOGUE, catalogue_with("spare"))
    await publish(database, Kind.RULESET, marked(2, "spare > 1"))
    with pytest.raises(InvalidInput, match=r"(?s)rule set 2, which runs, .*RULE_MARK_2"):
        await by_one.rollback(Kind.CATALOGUE, 1, "ann")


async def test_publishers_at_once_are_all_served_in_turn(database: Database) -> None:
    # Given eight drafts, when all are published at once, each by two
    by_one = publishing(database)
    drafts = [await by_one.draft(Kind.RULESET, marked(10 + number), "ann") for number in range(8)]
    twice = [by_one.publish(draft.draft_id, "ann") for draft in drafts for _ in range(2)]
    ends = await asyncio.gather(*twice, return_exceptions=True)
    # Then each became one release, numbered without a gap, and the other publisher was told
    told = [end for end in ends if not isinstance(end, BaseException)]
    assert sorted(str(one.version) for one in told) == sorted(str(number) for number in range(2, 10))
    assert all(isinstance(end, ReleaseConflict) for end in ends if isinstance(end, BaseException))
    assert (await by_one.running()).generation == 11


async def test_two_that_do_not_go_together_are_never_both_published(database: Database) -> None:
    # Given a feature, a rule set that needs it, and a catalogue that lacks it
    await publish(database, Kind.CATALOGUE, catalogue_with("spare"))
    by_one, by_other = publishing(database), publishing(database)
    needs = await by_one.draft(Kind.RULESET, marked(2, "spare > 1"), "ann")
    lacks = await by_other.draft(Kind.CATALOGUE, catalogue_without(), "bob")
    # When both are published at once
    steps = (by_one.publish(needs.draft_id, "ann"), by_other.publish(lacks.draft_id, "bob"))
    ends = await asyncio.gather(*steps, return_exceptions=True)
    # Then one is, and the other is refused, though nothing stood against either when it was first checked
    assert sorted(isinstance(end, InvalidInput) for end in ends) == [False, True]
    runs = await by_one.running()
    assert (runs.ruleset, runs.catalogue) in {(2, 2), (1, 3)}


async def test_one_who_is_always_overtaken_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given others who publish during each check
    by_one = publishing(database)
    draft = await by_one.draft(Kind.RULESET, marked(2), "ann")

    async def overtaken(*_: object) -> None:
        async with database.connection() as connection:
            await connection.execute("UPDATE running SET generation = generation + 1")

    monkeypatch.setattr(by_one._checks, "check", overtaken)
    # When one publishes, then it ends
    with pytest.raises(Overloaded):
        await by_one.publish(draft.draft_id, "ann")
    assert (await by_one.draft_of(draft.draft_id)).state is DraftState.DRAFT
