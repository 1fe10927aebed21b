"""The command line as a whole: quick to show, and errors in one message."""

import subprocess
import sys

import pytest

from riskengine.cli import main
from riskengine.domain.errors import FieldError, InvalidInput, NotFound

NAMES = [
    *("demo", "up", "scale", "manifests", "api", "worker", "migrate"),
    *("rules", "features", "rates", "models", "lists", "snooze", "explain", "verify"),
    *("dlq", "doctor"),
    *("score", "import", "simulate", "keys"),
    "whatif",
]


def riskengine(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "riskengine", *arguments], check=False, capture_output=True, text=True, env=environment
    )


def test_the_help_names_every_command() -> None:
    shown = riskengine("--help")
    assert shown.returncode == 0
    for name in NAMES:
        assert f" {name} " in shown.stdout


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help(name: str) -> None:
    shown = riskengine(name, "--help")
    assert shown.returncode == 0, shown.stderr
    assert f"riskengine {name}" in shown.stdout


def test_showing_help_imports_no_engine() -> None:
    code = (
        "import sys; from riskengine.cli import main; main.app(['--help'], standalone_mode=False); print(*sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = shown.stdout.split()
    assert "riskengine.cli.main" in loaded
    assert not {"riskengine.scoring", "riskengine.storage", "uvicorn", "asyncpg"} & set(loaded)


def test_an_unknown_command_is_refused() -> None:
    shown = riskengine("upp")
    assert shown.returncode == 2
    assert "No such command 'upp'" in shown.stderr


@pytest.mark.parametrize("name", ["api", "worker", "migrate"])
def test_missing_settings_are_named(name: str) -> None:
    shown = riskengine(name)
    assert shown.returncode == 2
    assert "DATABASE_URL is not set" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (NotFound("no key [k]: list them with `keys list`"), ["riskengine: no key [k]: list them with `keys list`"]),
        (
            InvalidInput((FieldError("amount", "must be above 0"),)),
            ["riskengine: the request has invalid fields", "  amount: must be above 0"],
        ),
    ],
)
def test_what_the_engine_refuses_is_one_message(
    error: Exception, lines: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise error

    monkeypatch.setattr(main, "app", refuse)
    with pytest.raises(SystemExit) as left:
        main.run()
    assert left.value.code == 2
    assert capsys.readouterr().err.splitlines() == lines
