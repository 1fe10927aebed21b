"""The page on scenarios has every field of the code."""

import re
import runpy
from collections.abc import Iterable
from typing import get_args

import msgspec

from benchmarks import whatif_figures
from riskengine.autoscaling.plan import MOST_EVERY_S, Written
from riskengine.autoscaling.policy import Bounds
from riskengine.capacity.whatif import examples, scenario, simulation, speeds, summary
from riskengine.capacity.whatif.arrivals import Arrivals
from riskengine.capacity.whatif.failures import Failure
from riskengine.settings import Settings
from riskengine.stack.standing import Kind
from tests.docs.pages import ROOT, Page

PAGE = Page.read(ROOT / "docs" / "whatif.md")


def named(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))


def fields(kind: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(kind)}


def tags(kinds: object) -> dict[str, type[msgspec.Struct]]:
    return {str(kind.__struct_config__.tag): kind for kind in get_args(kinds)}


def tables(first: str) -> list[list[list[str]]]:
    """All tables of the page whose first column is called so."""
    rest = PAGE.text.split(f"\n| {first} |")[1:]
    return [Page(PAGE.path, f"| {first} |{text}").table(first) for text in rest]


def test_every_field_of_a_scenario_is_there() -> None:
    whole, autoscaler = tables("field")
    assert [row[0] for row in whole] == [f"`{name}`" for name in order(scenario.Scenario)]
    told = {row[0].strip("`"): named(" ".join(row[1:])) for row in whole}
    parts = {
        "mix": scenario.Mix,
        "start": scenario.Start,
        "limits": scenario.QueueLimits,
        "prices": scenario.Prices,
    }
    for field, kind in parts.items():
        assert fields(kind) <= told[field], field
    assert fields(Written) == set().union(*(named(row[0]) for row in autoscaler))
    assert {*Kind, *fields(Bounds), "threshold", "hold_s"} <= named(str(autoscaler))
    assert (Written().every_s, MOST_EVERY_S) == (15, 30)


def test_defaults_are_those_of_the_code() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in tables("field")[0]}
    plain = {"poisson", "seed", "senders_us", "ready_s", "late_after_s"}
    defaults = {field.name: field.default for field in msgspec.structs.fields(scenario.Scenario)}
    assert {name: told[name] for name in plain} == {
        name: {True: "true"}.get(defaults[name]) if defaults[name] is True else f"{defaults[name]:g}" for name in plain
    }
    settings = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    limits = scenario.QueueLimits()
    assert (limits.ingest_queue, limits.queue) == (settings["ingest_queue_limit"], settings["queue_limit"])


def test_every_curve_and_every_failure_is_there() -> None:
    for kinds, first in ((Arrivals, "curve"), (Failure, "what")):
        rows = {row[0].strip("`"): named(row[1]) for row in tables(first)[0]}
        assert set(rows) == set(tags(kinds))
        for tag, kind in tags(kinds).items():
            assert fields(kind) <= rows[tag], tag


def test_examples_and_figures() -> None:
    text = " ".join(PAGE.text.split())
    assert set(examples.NAMES) <= named(text)
    assert simulation.STEPS == 10_000
    assert "ten thousand a scenario" in text
    assert (summary.DRAINED_S, speeds.TAKEN_IN) == (1.0, 0.2)
    assert "is older than a second" in text
    assert "A fifth of PostgreSQL's and Valkey's work is for taking in" in text


def order(kind: type[msgspec.Struct]) -> Iterable[str]:
    return (field.name for field in msgspec.structs.fields(kind))


def test_the_plots_are_those_of_the_example() -> None:
    page = runpy.run_path(str(ROOT / "scripts" / "whatif_page.py"))["page"](PAGE.text)
    assert page == PAGE.text, "run: python scripts/whatif_page.py"
    assert any(block.language == "plot" for block in PAGE.blocks)


def test_the_error_is_the_measured_one() -> None:
    found = msgspec.json.decode((ROOT / "benchmarks" / "whatif.json").read_bytes(), type=whatif_figures.WhatIf)
    assert whatif_figures.page(PAGE.text, found) == PAGE.text
