"""Catalogues, rates and models by command: the same commands, each with its own content."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from riskengine.cli import differences, keys
from riskengine.domain.errors import Forbidden, NotFound
from riskengine.domain.release import Kind
from riskengine.pipeline import starters
from riskengine.storage.database import Database
from tests.api.conftest import client_of, serving
from tests.cli.releasing import done, riskengine
from tests.models import bundles
from tests.pipeline.published import STARTER, catalogue_with, catalogue_without, marked, rates, shipped


@pytest.fixture
async def at_work(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database
) -> Path:
    """A directory, in a shell that knows the database and Valkey."""
    await starters.publish(database)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(at: Path, name: str, content: bytes) -> Path:
    file = at / name
    file.write_bytes(content)
    return file


def bundle(*features: str) -> bytes:
    """A model over features of the shipped catalogue."""
    model = bundles.logistic([0.1] * len(features))
    return bundles.packed(model, references=dict.fromkeys(features, 1.0), catalogue=STARTER.catalogue)


async def test_a_catalogue_gains_a_feature_and_cannot_lose_one_in_use(at_work: Path) -> None:
    # Given a catalogue with one more feature, when it is published, then that is listed, too
    more = written(at_work, "catalogue.yaml", catalogue_with("another"))
    before = (await done("features", "list")).splitlines()
    assert (await riskengine("features", "diff", more)).out.startswith("+ feature another\n    name: another\n")
    assert "catalogue 2 is published" in await done("features", "publish", more, "--note", "one more")
    listed = (await done("features", "list")).splitlines()
    assert len(listed) == len(before) + 1
    assert listed[0].split() == ["feature", "aggregate", "entity", "of", "window", "unit", "past"]
    assert [line.split()[-1] for line in listed if line.startswith("count_1h ")] == ["warm"]
    # When a feature that is in use is taken out, then it is refused, with who needs it
    less = written(at_work, "less.yaml", catalogue_without("speed_kmh").replace(b"version: 1", b"version: 2"))
    for arguments in (["check", less], ["check", less, "--offline"], ["publish", less, "--note", "less"]):
        ended = await riskengine("features", *arguments)
        assert ended.code == 1
        assert "RULE_GEO_IMPOSSIBLE_TRAVEL" in ended.err
    assert (await done("features", "list")).splitlines() == listed


BUSY = b"""\
  - {name: merchant_count_1h, aggregate: count, entity: merchant, window: 1h, unit: transactions, description: All}
"""


async def test_a_feature_is_cold_until_it_is_filled(at_work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a catalogue with a feature of all that is paid at a merchant, which nobody has counted yet
    monkeypatch.setattr("riskengine.cli.backfill.SETTLE_MS", 0)
    await done("features", "publish", written(at_work, "busy.yaml", shipped("catalogue") + BUSY), "--note", "busy")
    rule = written(at_work, "rules.yaml", marked(2, "merchant_count_1h > 100"))
    listed = await done("features", "list")
    assert [line.split()[0] for line in listed.splitlines() if line.split()[-1] == "cold"] == ["merchant_count_1h"]
    # When a rule uses it, then it is refused
    ended = await riskengine("rules", "check", rule)
    assert (ended.code, "uses merchant_count_1h, which was not filled" in ended.err) == (1, True)
    # When it is filled, then it is taken
    assert (await done("features", "backfill")).endswith(" features of catalogue 2 are warm\n")
    assert "cold" not in (await done("features", "list")).split()
    await done("rules", "check", rule)


async def test_rates_are_replaced_for_a_day(at_work: Path) -> None:
    # Given rates in which one is other, one is new and one is gone
    table = {**STARTER.rates.rates, "GBP": Decimal("0.9"), "XAF": Decimal("655.957")}
    del table["ZAR"]
    file = written(at_work, "rates.yaml", rates(rates=table))
    # When they are compared, checked and published, then that is what is different
    assert (await riskengine("rates", "diff", file)).out.splitlines() == [
        "- rate of ZAR",
        "~ rate of GBP",
        "    rate: 0.87250 → 0.9",
        "+ rate of XAF",
        "    rate: 655.957",
    ]
    assert await done("rates", "check", file, "--offline") == f"{len(table)} rates, fit to be published\n"
    assert "rates 2 is published" in await done("rates", "publish", file, "--note", "of today")
    assert "rates 1 is published" in await done("rates", "rollback", "--to", "1", "--note", "wrong")
    assert (await done("rates", "export")).encode() == shipped("rates")
    assert b"XAF" in (await done("rates", "export", "--version", "2")).encode()


async def test_a_model_is_taken_into_service_and_out_of_it(at_work: Path) -> None:
    # Given a bundle, where no model runs
    file = written(at_work, "model.bundle", bundle("count_1h", "amount_base"))
    with pytest.raises(NotFound, match="no model runs"):
        await riskengine("models", "export", "-o", at_work / "out.bundle")
    for offline in ([], ["--offline"]):
        assert (await done("models", "check", file, *offline)).endswith(", 2 features, fit to be published\n")
    # When it is published, then it can be had again, byte by byte, and compared
    assert "model 1 is published" in await done("models", "publish", file, "--note", "first")
    await done("models", "export", "-o", at_work / "out.bundle")
    assert (at_work / "out.bundle").read_bytes() == file.read_bytes()
    assert (await riskengine("models", "export")).code == 2
    other = written(at_work, "other.bundle", bundle("count_1h"))
    told = (await riskengine("models", "diff", other)).out
    assert "- feature amount_base" in told
    assert "~ model.onnx" in told
    # When a bundle is none, then it is refused
    ended = await riskengine("models", "publish", written(at_work, "bad.bundle", b"none"), "--note", "x")
    assert (ended.code, ended.out) == (1, "")
    # And it can be taken out of service
    assert "model none is published" in await done("models", "rollback", "--to", "none", "--note", "too slow")
    assert "rollback 1 → none" in " ".join((await done("models", "history")).split())


async def test_approvals_over_http_and_by_command_are_of_one_draft(
    at_work: Path, redis_url: str, database_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a draft made by command where two people are asked for
    monkeypatch.setenv("RELEASE_APPROVAL", "required")
    file = written(at_work, "rules.yaml", marked(2))
    draft = (await done("rules", "apply", file, "--note", "a mark", "--by", "ann")).splitlines()[0]
    async with serving(database_url, redis_url, release_approval="required") as port:
        # When somebody approves it over HTTP, then it can be published by command
        made = await asyncio.to_thread(_key)
        async with client_of(port, made) as bob:
            with pytest.raises(Forbidden):
                await riskengine("rules", "publish", draft, "--by", "ann")
            answer = await bob.post(f"/api/v1/rulesets/drafts/{draft}/approve")
            assert answer.json()["approved_by"].startswith("bob (")
        assert "ruleset 2 is live in 1 of 1 processes" in await done("rules", "publish", draft, "--by", "ann")


def _key() -> str:
    return CliRunner().invoke(keys.app, ["create", "--name", "bob", "--scope", "rules"]).output.strip()


def test_what_only_stands_elsewhere_is_said_to() -> None:
    features = STARTER.catalogue.features
    turned = catalogue_without(features[0].name).decode()
    first = catalogue_with("x").decode().splitlines()[2]
    moved = f"{turned}{first}\n".encode()
    found = differences.between(Kind.CATALOGUE, shipped("catalogue"), moved)
    assert [(difference.what, difference.change) for difference in found] == [("the order", "changed")]
