"""An analyst changes a rule: a file, checked, compared, applied, published, rolled back."""

from pathlib import Path

import pytest

from riskengine.domain.errors import Forbidden, NotFound, ReleaseConflict
from riskengine.pipeline import starters
from riskengine.scoring.rules import ruleset as rulesets
from riskengine.storage.database import Database
from tests.api.conftest import serving
from tests.cli.releasing import done, riskengine
from tests.pipeline.published import marked, shipped


@pytest.fixture
async def at_work(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database
) -> Path:
    """An analyst's directory, in a shell that knows the database."""
    await starters.publish(database)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def exported(at: Path) -> Path:
    """What runs, as a file."""
    await done("rules", "export", "-o", at / "rules.yaml")
    return at / "rules.yaml"


def edited(file: Path, *changes: tuple[str, str]) -> Path:
    """The file after changes of its text."""
    text = file.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text)
    return file


async def test_from_a_file_to_all_processes_and_back(at_work: Path, database_url: str, redis_url: str) -> None:
    async with serving(database_url, redis_url), serving(database_url, redis_url):
        # Given what runs as a file, in which an analyst changes a rule, drops one and moves a threshold
        file = await exported(at_work)
        assert file.read_bytes() == shipped("starter_rules")
        edited(file, ("amount_base > 10000", "amount_base > 5_000"), ("high: 50", "high: 45"))
        text = file.read_text()
        start = text.index("  - id: RULE_RAPID_CHANNEL_SWITCH")
        file.write_text(text[:start] + text[text.index("  - id: RULE_BEHAVIORAL_ANOMALY") :])
        # When it is checked and compared, then it is said what would be different
        rules = len(rulesets.load(file.read_bytes()).rules)
        assert await done("rules", "check", file) == f"{rules} rules, fit to be published\n"
        found = await riskengine("rules", "diff", file)
        assert found.code == 1
        assert found.out.splitlines() == [
            "- rule RULE_RAPID_CHANNEL_SWITCH",
            "~ thresholds",
            "    high: 50 → 45",
            "~ rule RULE_CRITICAL_AMOUNT",
            "    expression: amount_base > 10000 → amount_base > 5_000",
        ]
        # When it is applied, then there is a draft, and nothing else runs
        applied = (await done("rules", "apply", file, "--note", "less fraud", "--by", "ann")).splitlines()
        draft, changes = applied[0], applied[1:]
        assert changes == found.out.splitlines()
        assert draft in await done("rules", "drafts")
        assert (await done("rules", "export")).encode() == shipped("starter_rules")
        # When it is published, then all processes run it
        told = await done("rules", "publish", draft, "--by", "bob")
        assert told.startswith("ruleset 2 is live in 1 of 1 processes after ")
        assert (await riskengine("rules", "diff", file)).out == ""
        assert (await riskengine("rules", "diff", file, "--against", "1")).out == found.out
        # When it is rolled back, then the one before runs, and the books say all that
        told = await done("rules", "rollback", "--to", "1", "--note", "too many", "--by", "cy")
        assert told.startswith("ruleset 1 is live in 1 of 1 processes after ")
        history = [line.split() for line in (await done("rules", "history", "--limit", "2")).splitlines()[1:]]
        assert [(line[3:7], line[7:]) for line in history] == [
            (["rollback", "2", "→", "1"], ["cy", "too", "many"]),
            (["publish", "1", "→", "2"], ["bob", "less", "fraud"]),
        ]
        shown = await done("rules", "show")
        assert [line.split()[0] for line in shown.splitlines()[1:3] if "runs" in line] == ["1"]
        assert " not yet current" not in shown


async def test_a_bad_file_is_refused_with_all_faults_and_nothing_changes(at_work: Path) -> None:
    # Given a file with three faults
    file = await exported(at_work)
    edited(file, ("count_1h > 10", "cont_1h > 10"), ("speed_kmh > 900", "speed_kmh >"), ("hour < 5", 'hour < "5"'))
    # When it is checked with or without a server, applied or published, then it is refused with all three
    for arguments in (
        ["check", file],
        ["check", file, "--offline"],
        ["apply", file, "--note", "x"],
        ["publish", file, "--note", "x"],
    ):
        ended = await riskengine("rules", *arguments)
        assert (ended.code, ended.out) == (1, ""), arguments
        carets = [line for line in ended.err.splitlines() if line.strip() and not line.strip("^ ")]
        assert len(carets) == 3, ended.err
        assert "    cont_1h > 10\n    ^^^^^^^" in ended.err
        assert "did you mean `count_1h`?" in ended.err
    # And there is no draft, and what ran runs
    assert len((await done("rules", "drafts")).splitlines()) == 1
    assert (await done("rules", "export")).encode() == shipped("starter_rules")


async def test_what_was_made_from_another_version_is_refused(at_work: Path) -> None:
    file = await exported(at_work)
    (at_work / "first.yaml").write_bytes(marked(2))
    ended = await riskengine("rules", "publish", at_work / "first.yaml", "--note", "first", "--by", "ann")
    assert "Set `version: 2` in the file" in ended.err
    assert ended.out.endswith("ruleset 2 is published; no process is running\n")
    edited(file, ("amount_base > 10000", "amount_base > 20000"))
    for verb in ("apply", "publish"):
        with pytest.raises(ReleaseConflict, match="made from 1"):
            await riskengine("rules", verb, file, "--note", "second")
    assert len((await done("rules", "drafts")).splitlines()) == 1
    # A check says so, too, and that it is fit
    checked = await riskengine("rules", "check", file)
    assert (checked.code, "made from ruleset 1, and 2 runs" in checked.err) == (0, True)


async def test_where_two_are_asked_for_one_cannot_publish(at_work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given that a second person is asked for
    monkeypatch.setenv("RELEASE_APPROVAL", "required")
    (at_work / "rules.yaml").write_bytes(marked(2))
    applied = await done("rules", "apply", "rules.yaml", "--note", "a mark", "--by", "ann")
    draft = applied.splitlines()[0]
    # When one alone tries, then nothing comes of it
    for arguments in (["publish", draft], ["approve", draft], ["publish", "rules.yaml", "--note", "now"]):
        with pytest.raises(Forbidden, match="another person"):
            await riskengine("rules", *arguments, "--by", "ann")
    assert (await riskengine("rules", "diff", "rules.yaml")).code == 1
    # When another one approves, then that one sees what it is, and it can be published
    approved = await done("rules", "approve", draft, "--by", "bob")
    assert approved.splitlines()[0] == "+ rule RULE_MARK_2"
    assert approved.splitlines()[-1] == f"draft {draft} of ann is approved by bob"
    await done("rules", "publish", draft, "--by", "ann")
    assert (await riskengine("rules", "diff", "rules.yaml")).code == 0


async def test_a_process_that_does_not_follow_is_named(
    at_work: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a process that stays at what it ran, and says why
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO processes (process_id, role, started_at, seen_at, generation, ruleset, catalogue, rates, "
            "model, lists, problem) VALUES ('worker-x', 'worker', now(), now(), 1, 1, 1, 1, NULL, 0, 'no memory')"
        )
    monkeypatch.setattr("riskengine.cli.liveness.PATIENCE", 0.0)
    (at_work / "rules.yaml").write_bytes(marked(2))
    # When something is published, then it is said who does not run it
    ended = await riskengine("rules", "apply", "rules.yaml", "--note", "a mark", "--publish")
    assert ended.code == 1
    assert "ruleset 2 is live in 0 of 1 processes" in ended.out
    assert ended.out.endswith("  worker-x runs generation 1: no memory\n")


async def test_drafts_are_compared_and_discarded(at_work: Path) -> None:
    (at_work / "rules.yaml").write_bytes(marked(2))
    draft = (await done("rules", "apply", "rules.yaml", "--note", "a mark", "--by", "ann")).splitlines()[0]
    assert "+ rule RULE_MARK_2" in (await riskengine("rules", "diff", draft)).out
    with pytest.raises(NotFound, match="use the commands for those"):
        await riskengine("rates", "discard", draft)
    assert await done("rules", "discard", draft) == f"draft {draft} is discarded\n"
    with pytest.raises(ReleaseConflict, match="discarded"):
        await riskengine("rules", "publish", draft)
    with pytest.raises(NotFound, match="no file"):
        await riskengine("rules", "publish", "nothing.yaml", "--note", "x")


@pytest.mark.parametrize(
    "arguments",
    [
        ["rollback", "--to", "none", "--note", "x"],
        ["rollback", "--to", "0", "--note", "x"],
        ["rollback", "--to", "9" * 5000, "--note", "x"],
        ["rollback", "--to", "1", "--note", ""],
        ["rollback", "--to", "1", "--note", "x", "--by", ""],
        ["apply", "gone.yaml", "--note", "x"],
    ],
)
async def test_wrong_arguments_change_nothing(at_work: Path, arguments: list[str]) -> None:
    assert (await riskengine("rules", *arguments)).code == 2
