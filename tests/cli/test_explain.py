"""`riskengine explain`: a decision as it was, and under another rule set."""

import asyncio
from uuid import UUID

import msgspec
import pytest
import typer
from click.testing import Result
from redis.asyncio import Redis
from typer.testing import CliRunner

from riskengine.cli import explain
from riskengine.domain import ids
from riskengine.domain.account import Account
from riskengine.domain.errors import NotFound
from riskengine.domain.release import Kind
from riskengine.storage import accounts
from riskengine.storage.database import Database
from tests import factories
from tests.cli import decided
from tests.pipeline import published


@pytest.fixture
async def transaction_id(database: Database, redis: Redis) -> UUID:
    """A decided transaction, on an account that was described then, and described otherwise since."""
    await accounts.put(database, Account("alice", type="business", home_country="BE"))
    sent = factories.transaction("alice", "12500.00", currency="USD", country="KP", merchant="Gold [and] Watches")
    await decided.decide(database, redis, [sent])
    await accounts.put(database, Account("alice", type="personal", home_country="KP"))
    return sent.transaction_id


@pytest.fixture
def app(database_url: str, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "180")
    app = typer.Typer()
    app.command()(explain.command)
    return app


async def run(app: typer.Typer, *arguments: object) -> Result:
    """What the command says; it has an event loop of its own."""
    invoke = CliRunner().invoke
    return await asyncio.to_thread(invoke, app, [str(argument) for argument in arguments], catch_exceptions=False)


async def test_a_decision_is_shown_with_all_that_led_to_it(app: typer.Typer, transaction_id: UUID) -> None:
    said = (await run(app, transaction_id)).output

    for part in ("score", "behaviour", "RULE_CROSS_BORDER", "Gold [and] Watches", "USD of 20", "How often"):
        assert part in said
    shown = [" ".join(line.split()) for line in said.splitlines()]
    for pair in ("type business", "home_country BE", "cross_border 1 0 or 1", "mean_7d missing"):
        assert any(pair in line for line in shown), pair
    assert "Executed with another rule set" not in said


async def test_another_rule_set_is_shown_beside_it(app: typer.Typer, transaction_id: UUID, database: Database) -> None:
    # Given a rule set in which a rule is new, and one is gone
    starter = published.STARTER.ruleset
    rules = tuple(rule for rule in starter.rules if rule.id != "RULE_CROSS_BORDER")
    new = msgspec.structs.replace(rules[0], id="RULE_NEW", expression="amount > 0", impact=1.0)
    changed = published.rulesets.dump(msgspec.structs.replace(starter, rules=(*rules, new))).encode()
    await published.publish(database, Kind.RULESET, changed)
    # When the decision is shown under it
    said = (await run(app, transaction_id, "--with-ruleset", 2)).output
    told = msgspec.json.decode((await run(app, transaction_id, "--with-ruleset", 2, "--json")).output)
    # Then both are there, and the difference
    assert "rule set 1" in said
    assert "rule set 2" in said
    assert "Newly fires: RULE_NEW" in said
    assert "No longer fires: RULE_CROSS_BORDER" in said
    assert told["with_ruleset"]["newly_fires"] == ["RULE_NEW"]
    assert told["with_ruleset"]["no_longer_fires"] == ["RULE_CROSS_BORDER"]
    assert "RULE_CROSS_BORDER" in told["rules"]
    # And what is stored is as it was
    assert told["versions"]["ruleset"] == 1


async def test_json_has_every_feature_and_the_account_as_it_was(app: typer.Typer, transaction_id: UUID) -> None:
    told = msgspec.json.decode((await run(app, transaction_id, "--json")).output)

    assert list(told["features"]) == list(published.STARTER.catalogue.names)
    assert told["features"]["mean_7d"] is None
    assert told["features"]["cross_border"] == 1.0
    assert told["account"]["home_country"] == "BE"
    assert told["transaction"]["amount"] == "12500.00"
    assert told["with_ruleset"] is None


async def test_what_is_not_there_is_said(app: typer.Typer, transaction_id: UUID, database: Database) -> None:
    with pytest.raises(NotFound, match="there is no transaction"):
        await run(app, ids.new())
    with pytest.raises(NotFound, match="ruleset 9"):
        await run(app, transaction_id, "--with-ruleset", 9)
