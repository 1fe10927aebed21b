"""What is said of wrong expressions, word for word: golden/*.txt. A file has expressions behind >, and what is said.

After a change of words, look at what `python -m tests.scoring.rules.test_errors` makes of the files.
"""

import re
from pathlib import Path

import pytest

from riskengine.scoring.rules.errors import RuleError, RuleSetError
from riskengine.scoring.rules.parser import parse
from riskengine.scoring.rules.syntax import LONGEST
from tests.scoring.rules.compiling import LISTS, NAMES

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.txt"))
FEWEST = 40


def expressions(path: Path) -> list[str]:
    """The wrong expressions of a file."""
    blocks = re.findall(r"(?m)(?:^>.*\n)+", path.read_text())
    return ["\n".join(line[2:] for line in block.splitlines()) for block in blocks]


def page(path: Path) -> str:
    """The file as it should be."""
    said = [f"{_quoted(text)}\n{refusal(text)}\n" for text in expressions(path)]
    return "\n".join(said)


def refusal(text: str) -> str:
    """All that is said of a wrong expression."""
    with pytest.raises(RuleSetError) as caught:
        parse(text, NAMES, LISTS.definitions, "RULE_X")
    return str(caught.value)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_what_is_said_of_wrong_expressions(path: Path) -> None:
    assert path.read_text() == page(path)


def test_there_are_many_of_them() -> None:
    assert sum(len(expressions(path)) for path in GOLDEN) >= FEWEST


def test_what_cannot_be_read_at_all() -> None:
    assert refusal("x" * (LONGEST + 1)) == (
        "rule RULE_X: the expression has 1001 characters, 1000 are allowed\n"
        "  split the rule, or put long rows of values into a list"
    )
    for text in ("amount\0 > 1", "\ud800 > 1", "(" * 300 + "1" + ")" * 300, "-" * 900 + "1 > 0"):
        assert refusal(text).startswith("rule RULE_X")


def test_an_error_has_its_parts() -> None:
    with pytest.raises(RuleSetError) as caught:
        parse("amount > 1 and\n  amout > 2", NAMES, (), "RULE_X")

    (error,) = caught.value.errors
    assert isinstance(error, RuleError)
    assert (error.rule, error.line, error.column, error.width) == ("RULE_X", 2, 3, 5)
    assert (error.message, error.hint) == ("nothing is called `amout`", "did you mean `amount`?")
    assert error.text == "amount > 1 and\n  amout > 2"


def test_a_fault_without_a_rule_names_none() -> None:
    assert str(RuleError("", "it is empty", hint="fill it")) == "it is empty\n  fill it"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() if not line else f"> {line}" for line in text.split("\n"))


if __name__ == "__main__":
    for path in GOLDEN:
        path.write_text(page(path))
