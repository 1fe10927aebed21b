"""What the documentation names in backticks exists: metrics, settings, rules, features, commands, files."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from prometheus_client import REGISTRY

import riskengine.api.app
import riskengine.autoscaling.autoscaler
import riskengine.worker.worker  # noqa: F401  (with the API and the autoscaler, all metrics)
from riskengine.cli import main
from riskengine.scoring import Engine
from riskengine.settings import table
from tests.docs.pages import ALL, ROOT, Page

ENGINE = Engine.starter()
MADE_UP = {"RULE_AMOUNT_UNKNOWN"}
"""Names that a page gives as an example of one's own."""

_SOURCE = ROOT / "src" / "riskengine"
_FOLDERS = (ROOT, _SOURCE.parent, _SOURCE, _SOURCE / "storage" / "queries")


def _metrics() -> set[str]:
    ours = [family for family in REGISTRY.collect() if family.name.startswith("riskengine_")]
    return {f"{family.name}_total" if family.type == "counter" else family.name for family in ours}


def _is_command(line: str) -> bool:
    """Whether `riskengine ...` is a command that has the options named."""
    command: Any = typer.main.get_command(main.app)
    for word in line.split()[1:]:
        if word.startswith("--"):
            if not any(word in option.opts for option in command.params):
                return False
        elif isinstance(command, typer.core.TyperGroup):
            context = typer.Context(command)
            if word not in command.list_commands(context):
                return False
            command = command.resolve_command(context, [word])[1]
    return True


def _is_file(name: str) -> bool:
    return any((folder / name).exists() for folder in _FOLDERS)


METRICS = _metrics()
SETTINGS = {setting.variable for setting in table()}
RULES = {rule.id for rule in ENGINE.ruleset.rules} | MADE_UP

KINDS: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("metric", r"riskengine_\w+", METRICS.__contains__),
    ("rule", r"RULE_[A-Z_]+", RULES.__contains__),
    ("setting", r"(?!RULE_)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+", SETTINGS.__contains__),
    ("feature", r"[a-z]+(?:_[a-z]+)*_\d+[mhd](?:_incl)?", ENGINE.catalogue.names.__contains__),
    ("command", r"riskengine [a-z].*", _is_command),
    ("file", r"[\w./]*\w\.(?:py|sql|lua|yaml|toml)|(?:tests|scripts|src|docs)/[\w/.]+", _is_file),
)
"""How a name of each kind looks, and whether there is one."""


def unknown(names: list[str]) -> list[str]:
    """Those of the names that look like something of ours, and are not there."""
    return [
        f"no {kind} {name}"
        for name in names
        for kind, form, exists in KINDS
        if re.fullmatch(form, name) and not exists(name)
    ]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_names_are_those_of_the_code(path: Path) -> None:
    assert unknown(Page.read(path).names) == []


def test_what_does_not_exist_is_found() -> None:
    existing = ["riskengine_accepted_total", "API_PORT", "RULE_CROSS_BORDER", "count_1h", "riskengine keys list"]
    missing = ["riskengine_gone_total", "API_GONE", "RULE_GONE", "count_2h", "riskengine keys gone", "gone.sql"]
    options = ["riskengine up --workers 4", "riskengine up --gone 4", "riskengine keys create --scope read"]

    found = unknown([*existing, *missing, *options])

    assert [fault.partition(" ")[2].partition(" ")[2] for fault in found] == [*missing, "riskengine up --gone 4"]
