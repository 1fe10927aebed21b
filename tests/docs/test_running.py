"""On a running stack the examples of the documentation do what it says, and what it says is there is there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from riskengine.stack.stack import Stack
from tests.docs import examples
from tests.docs.pages import ALL, DOCS, ROOT, Block, Page

METRIC = re.compile(r"^# HELP (riskengine_\w+) (.+)\n# TYPE \w+ (\w+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="')
PATH = re.compile(r"(GET|PUT|POST) (?:/api/v1)?(/[^\s?]*)")


@pytest.fixture(scope="module")
def reader(stack: Stack) -> dict[str, str]:
    """The environment of a reader who follows the pages."""
    if shutil.which("curl") is None:
        pytest.skip("the examples need curl")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": programs, "DATABASE_URL": stack.database_url, "REDIS_URL": stack.redis_url}
    make_key = ["riskengine", "keys", "create", "--name", "reader", "--scope", "ingest", "--scope", "read"]
    key = subprocess.run(make_key, env=environment, capture_output=True, text=True, check=True).stdout.strip()
    return environment | {"URL": stack.url, "KEY": key}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.stem)
def test_examples_do_what_the_page_says(path: Path, reader: dict[str, str], tmp_path: Path, stack: Stack) -> None:
    # Given the examples of a page
    told = examples.examples_of(Page.read(path))
    assert stack.data_dir is not None
    (tmp_path / ".riskengine").symlink_to(stack.data_dir)
    # When a reader runs them one after the other
    printed = examples.run(told, tmp_path, reader)
    # Then each prints what the page says
    for example, output in zip(told, printed, strict=True):
        if example.printed is not None:
            fault = examples.difference(example.printed, output)
            assert fault is None, f"{path.name}:{example.printed.line}: {fault}\n{output}"


def test_the_table_of_metrics_is_what_processes_show(stack: Stack) -> None:
    # Given what an API process and a worker show
    shown = {name: httpx.get(f"http://127.0.0.1:{port}/metrics").text for name, port in _ports(stack).items()}
    kinds: dict[str, tuple[str, str]] = {}
    places: dict[str, list[str]] = {}
    for process, text in shown.items():
        for metric, meaning, kind in METRIC.findall(text):
            if not metric.endswith("_created"):
                kinds[metric] = (kind, meaning)
                places.setdefault(metric, []).append(process)
    # When the page is read
    page = Page.read(ROOT / "docs" / "operate.md")
    # Then it lists these, and no others
    expected = [
        [f"`{metric}`", kind, "both" if len(places[metric]) == 2 else places[metric][0], meaning]
        for metric, (kind, meaning) in sorted(kinds.items())
    ]
    assert page.table("metric") == expected
    # And it explains their labels
    ours = [line for text in shown.values() for line in text.splitlines() if line.startswith("riskengine_")]
    labels = {label for line in ours for label in LABEL.findall(line)} - {"le"}
    assert labels <= set(page.names)


def test_paths_are_those_of_the_api(stack: Stack) -> None:
    document = httpx.get(f"{stack.url}/api/v1/openapi.json").json()
    known = {(method.upper(), _bare(path)) for path, methods in document["paths"].items() for method in methods}

    named = {(method, _bare(path)) for page in ALL for method, path in PATH.findall(" ".join(Page.read(page).names))}

    assert named
    assert named - known == set()


def _ports(stack: Stack) -> dict[str, int]:
    return {"api": stack.api[0].port, "worker": stack.workers[0].port}


def _bare(path: str) -> str:
    """The path without the API's root and the names of its parameters."""
    return re.sub(r"\{.*?\}", "{}", path.removeprefix("/api/v1"))


@pytest.mark.parametrize(
    ("language", "said", "printed", "fault"),
    [
        ("text", "a ... z\nend", "first\na b z\nend\nlast", None),
        ("text", "end\na", "a\nend", "'a' is not printed there"),
        ("json", '{"a": "..."}', '{"a": [1], "b": 2}', None),
        ("json", '{"a": 1}', '{"b": 1}', "$ has no 'a'"),
        ("json", '[1, "..."]', "[1, 2, 3]", None),
        ("json", '[1, "..."]', "[2]", "$[0] is 2, not 1"),
        ("json", "[1]", "[1, 2]", "$ has 2 items, not 1"),
        ("json", '{"a": {"b": "x..."}}', '{"a": {"b": "yx"}}', "$.a.b is 'yx', not 'x...'"),
    ],
)
def test_what_is_said_is_compared_with_what_is_printed(
    language: str, said: str, printed: str, fault: str | None
) -> None:
    assert examples.difference(Block(language, said, 1, ""), printed) == fault
