"""The tables of the documentation say what the code says."""

import ast
import re
import runpy

from msgspec import inspect, structs

from riskengine.api import bodies, door, intake, list_bodies, release_bodies
from riskengine.api.problems import KINDS
from riskengine.domain import validation
from riskengine.domain.outcome import OUTCOME_OF_LEVEL, STATUS_OF_OUTCOME, Level
from riskengine.domain.payload import Payload
from riskengine.scoring import Engine, composite
from riskengine.scoring.rules import names
from riskengine.scoring.rules.functions import FUNCTIONS
from riskengine.scoring.rules.reader import DEEPEST
from riskengine.scoring.rules.rule import Rule
from riskengine.scoring.rules.ruleset import LARGEST_TEXT, MOST_RULES
from riskengine.scoring.rules.syntax import LONGEST
from riskengine.scoring.rules.tree import Kind
from tests.docs.pages import ROOT, Page

DOCS = ROOT / "docs"
ENGINE = Engine.starter()
LOGGED = re.compile(r'log\.(debug|info|warning|error|exception)\(\s*"(\w+)"')


def test_the_page_on_features_is_what_the_catalogue_says() -> None:
    page = runpy.run_path(str(ROOT / "scripts" / "features_page.py"))["page"]()

    assert (DOCS / "features.md").read_text() == page, "run: python scripts/features_page.py > docs/features.md"


def test_fields_of_a_transaction() -> None:
    described = inspect.type_info(Payload)
    assert isinstance(described, inspect.StructType)

    expected = [
        [f"`{field.name}`", "required" if field.required else "", _description(field.type)]
        for field in described.fields
    ]

    assert Page.read(DOCS / "api.md").table("field") == expected


def test_problems() -> None:
    expected = [[f"`{kind.name}`", str(kind.status), kind.title] for kind in KINDS.values()]

    found = Page.read(DOCS / "api.md").table("problem")

    assert sorted(found) == sorted(expected)


def test_limits() -> None:
    text = (DOCS / "api.md").read_text()

    assert (intake.LARGEST_SINGLE, intake.LARGEST_BATCH) == (64 * 1024, 8 * 1024 * 1024)
    assert f"| 8 MiB, {validation.LARGEST_BATCH} transactions |" in text
    assert f"| {bodies.PATIENCE:.0f} s |" in text
    assert (release_bodies.LARGEST_TEXT, release_bodies.LARGEST_BUNDLE) == (1 << 20, 64 << 20)
    assert f"| 64 MiB, {release_bodies.BUNDLE_PATIENCE:.0f} s to arrive |" in text
    assert f"| {release_bodies.LONGEST_NOTE} characters |" in text
    assert f"| {door.MOST_UNDER_WAY} |" in text
    assert max(release_bodies.LARGEST_BUNDLE, list_bodies.LARGEST_FILE) == bodies.LARGEST


def test_rules_of_the_starter_set() -> None:
    expected = [[f"`{rule.id}`", f"`{rule.expression}`", f"{rule.impact:g}"] for rule in ENGINE.ruleset.rules]

    assert Page.read(DOCS / "rules.md").table("rule") == expected


def test_fields_of_a_rule() -> None:
    fields = [row[0] for row in Page.read(DOCS / "rules.md").table("field")]

    assert fields == [f"`{field.name}`" for field in structs.fields(Rule)]


def test_functions_of_rules() -> None:
    usages = [row[0] for row in Page.read(DOCS / "rules.md").table("function")]

    assert usages == [f"`{function.usage}`" for function in FUNCTIONS.values()]


def test_limits_of_rules() -> None:
    limits = [row[1] for row in Page.read(DOCS / "rules.md").table("limit")]

    assert limits == [str(MOST_RULES), f"{LARGEST_TEXT // 2**20} MiB", str(LONGEST), str(DEEPEST)]


def test_the_last_score_that_is_approved() -> None:
    rule = ENGINE.ruleset.rules[0]
    result = composite.combine(ENGINE.ruleset, [structs.replace(rule, maximum_outcome="approve")], 100.0, 100.0)

    assert f"below `high`: {result.score}" in (DOCS / "rules.md").read_text()


def test_weights() -> None:
    weights = ENGINE.ruleset.weights_without_model

    with_model = ENGINE.ruleset.weights
    page = " ".join((DOCS / "rules.md").read_text().split())

    assert f"{weights.rules:g} and {weights.behaviour:g} (`weights_without_model`" in page
    assert f"{with_model.rules:g}, {with_model.behaviour:g} and {with_model.model:g} (`weights`" in page


def test_levels_and_what_follows_from_them() -> None:
    thresholds = ENGINE.ruleset.thresholds
    begins = {Level.MEDIUM: thresholds.medium, Level.HIGH: thresholds.high, Level.CRITICAL: thresholds.critical}
    scores = {level: f"from {begins[level]:g}" for level in begins} | {Level.LOW: f"below {thresholds.medium:g}"}
    expected = [
        [f"`{level}`", scores[level], f"`{outcome}`", f"`{STATUS_OF_OUTCOME[outcome]}`"]
        for level, outcome in OUTCOME_OF_LEVEL.items()
    ]

    assert Page.read(DOCS / "rules.md").table("level") == expected


def test_what_rules_may_speak_of() -> None:
    # Given the names that are no features, by kind
    others = {name: known.kind for name, known in names.of(ENGINE.catalogue).items()}
    kinds = {"numbers": Kind.NUMBER, "texts": Kind.TEXT}
    # When the page lists names
    listed = {row[0]: set(re.findall(r"`(\w+)`", row[1])) for row in Page.read(DOCS / "rules.md").table("what")}
    # Then it has all of them
    for title, kind in kinds.items():
        assert listed[title] == {name for name in others if others[name] is kind} - set(ENGINE.catalogue.names)


def test_what_is_logged() -> None:
    found = {
        (action, "error" if level == "exception" else level)
        for path in sorted((ROOT / "src").rglob("*.py"))
        for level, action in LOGGED.findall(path.read_text())
    }

    rows = Page.read(DOCS / "operate.md").table("event")

    assert {(action, row[1]) for row in rows for action in re.findall(r"`(\w+)`", row[0])} == found


def test_every_event_is_a_fixed_name() -> None:
    # Given all calls of a logger in the code
    calls = [
        (path.name, node)
        for path in sorted((ROOT / "src").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and getattr(node.func.value, "id", "") in ("_log", "log")
    ]
    assert len(calls) > 30
    # Then each says one of the levels, and its event in one word: what varies is in fields beside it
    for file, call in calls:
        event = call.args[0]
        assert isinstance(event, ast.Constant), f"{file}: {ast.unparse(call)}"
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+|scaled", str(event.value)), f"{file}: {event.value}"
        assert LOGGED.match(ast.unparse(call).lstrip("_").replace("'", '"')), f"{file}: {ast.unparse(call)}"


def _description(kind: inspect.Type) -> str:
    """What the type, or the one beside None, says of itself."""
    for part in (kind, *getattr(kind, "types", ())):
        if isinstance(part, inspect.Metadata) and part.extra_json_schema:
            return str(part.extra_json_schema["description"])
    raise AssertionError(f"{kind} has no description")
