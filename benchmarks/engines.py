"""Other rule engines, each in the ways that its documentation has to ask many rules about one transaction.

Each takes what it is fed (made beforehand), and answers as it comes out of it; `fired` reads the answer afterwards.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib.metadata import version
from typing import Any, Protocol

import msgspec
import rule_engine  # type: ignore[import-untyped]
import zen

from benchmarks.translation import RULE_ENGINE, ZEN, Translator, UntranslatableError, literal
from riskengine.scoring.rules.tree import Among, And, Call, Compare, Number, Read, Tree, walk

Facts = Mapping[str, float | str]
"""What is known of a transaction, by name; what is missing is not in it."""


class Other(Protocol):
    """A rule engine with rules in it."""

    name: str
    version: str

    def feed(self, facts: Facts) -> Any:
        """The facts as it wants them."""

    def ask(self, fed: Any) -> Any:
        """Its answer: the part that is timed."""

    def fired(self, answer: Any) -> list[int]:
        """The places of the rules that fired."""


class ZenExpression:
    """All conditions as one compiled expression, whose value is a row of truths."""

    name = "zen-engine, compiled expression"
    version = version("zen-engine")

    def __init__(self, trees: Sequence[Tree], lists: Mapping[str, Sequence[str]]) -> None:
        translator = Translator(ZEN, lists)
        self._names = _read(trees)
        self.ask = zen.compile_expression(f"[{', '.join(map(translator.truth, trees))}]").evaluate

    def feed(self, facts: Facts) -> Any:
        """A dictionary of what the rules read and is known."""
        return {name: facts[name] for name in self._names if name in facts}

    def fired(self, answer: Any) -> list[int]:
        """Those whose truth is true."""
        return [place for place, truth in enumerate(answer) if truth]


class ZenExpressionOfText(ZenExpression):
    """The same, fed with JSON text: a context may be one, and is read faster than a dictionary."""

    name = "zen-engine, compiled expression on JSON text"

    def feed(self, facts: Facts) -> Any:
        """The same as text."""
        return msgspec.json.encode(super().feed(facts)).decode()


class ZenTable:
    """One decision table that collects all rows that hit, kept in the engine by a static loader."""

    name = "zen-engine, decision table"
    version = version("zen-engine")

    def __init__(self, trees: Sequence[Tree], lists: Mapping[str, Sequence[str]]) -> None:
        self._names = _read(trees)
        rows = [_cells(tree, lists) for tree in trees]
        self._engine = zen.ZenEngine({"loader": {"type": "static", "content": {"rules": _graph(rows)}}})

    def feed(self, facts: Facts) -> Any:
        """A dictionary of what the rules read and is known."""
        return {name: facts[name] for name in self._names if name in facts}

    def ask(self, fed: Any) -> Any:
        """One evaluation. (Its batches take threads, and on one processor no less time.)"""
        return self._engine.evaluate("rules", fed)["result"]

    def fired(self, answer: Any) -> list[int]:
        """The rows that hit."""
        return [row["rule"] for row in answer]


class RuleEngine:
    """All conditions as one rule, whose value is a row of truths; numbers are the decimals that it reckons with.

    Without types: with them it takes longer.
    """

    name = "rule-engine"
    version = version("rule-engine")

    def __init__(self, trees: Sequence[Tree], lists: Mapping[str, Sequence[str]]) -> None:
        translator = Translator(RULE_ENGINE, lists)
        self._names = _read(trees)
        context = rule_engine.Context(resolver=rule_engine.resolve_item)
        self.ask = rule_engine.Rule(f"[{', '.join(map(translator.truth, trees))}]", context=context).evaluate

    def feed(self, facts: Facts) -> Any:
        """A dictionary with all that the rules read, and None for what is missing."""
        known = {name: facts.get(name) for name in self._names}
        return {name: Decimal(repr(value)) if isinstance(value, float) else value for name, value in known.items()}

    def fired(self, answer: Any) -> list[int]:
        """Those whose truth is true."""
        return [place for place, truth in enumerate(answer) if truth]


def _read(trees: Sequence[Tree]) -> tuple[str, ...]:
    """The names that rules read, each once."""
    return tuple(dict.fromkeys(part.name for tree in trees for part in walk(tree) if isinstance(part, Read)))


def _cells(tree: Tree, lists: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """A row of a decision table: what each name must be. Raises UntranslatableError for what does not fit into one."""
    cells: dict[str, list[str]] = {}
    for conjunct in tree.items if isinstance(tree, And) else (tree,):
        match conjunct:
            case Compare(operator, Read(name), Number(value)):
                cell = literal(value) if operator == "==" else f"{operator} {literal(value)}"
            case Compare(operator, Call("abs", (Read(name),)), Number(value)):
                cell = f"abs($) {operator} {literal(value)}"
            case Among(Read(name), options, False):
                cell = ", ".join(map(literal, lists[options] if isinstance(options, str) else options))
            case _:
                raise UntranslatableError(f"{conjunct} fits into no cell")
        cells.setdefault(name, []).append(cell)
    if any(len(several) > 1 for several in cells.values()):
        raise UntranslatableError("two conditions on one name fit into no cell")
    return {name: cell for name, (cell,) in cells.items()}


def _graph(rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The table as a decision graph: input, table, output."""
    columns = {name: f"in{place}" for place, name in enumerate(dict.fromkeys(name for row in rows for name in row))}
    table = {
        "hitPolicy": "collect",
        "inputs": [{"id": id_, "name": name, "field": name} for name, id_ in columns.items()],
        "outputs": [{"id": "out", "name": "rule", "field": "rule"}],
        "rules": [
            {"_id": f"row{place}", "out": str(place)} | {id_: row.get(name, "") for name, id_ in columns.items()}
            for place, row in enumerate(rows)
        ],
    }
    kinds = {"input": "inputNode", "table": "decisionTableNode", "output": "outputNode"}
    nodes = [{"id": name, "name": name, "type": kind, "position": {"x": 0, "y": 0}} for name, kind in kinds.items()]
    nodes[1]["content"] = table
    edges = [
        {"id": f"{source}-{target}", "sourceId": source, "targetId": target, "type": "edge"}
        for source, target in (("input", "table"), ("table", "output"))
    ]
    return {"nodes": nodes, "edges": edges}
