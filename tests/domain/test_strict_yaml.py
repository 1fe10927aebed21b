"""YAML that people write: what it says, and that nothing in it is said twice."""

from datetime import date

import pytest

from riskengine.domain import strict_yaml
from riskengine.domain.errors import ConfigurationError


def test_it_is_read_as_yaml_is() -> None:
    text = b"""
usual: &usual {least: 1, most: 2}
api: {<<: *usual, most: 4}    # overridden, which is no mistake
worker: *usual
days: [2026-11-25, "2026-11-25"]
least: null
"""
    assert strict_yaml.load(text) == {
        "usual": {"least": 1, "most": 2},
        "api": {"least": 1, "most": 4},
        "worker": {"least": 1, "most": 2},
        "days": [date(2026, 11, 25), "2026-11-25"],
        "least": None,
    }
    assert strict_yaml.load(b"# nothing") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"a: 1\nb: 2\na: 3", "a is there twice, in lines 1 and 3: keep one"),
        (b"a: 1\n'a': 1", "a is there twice"),
        (b"a: [{}, {b: {c: 1, c: 1}}]", r"a\[1\]\.b\.c is there twice, in lines 1 and 1"),
        (b"- &x {b: 1, b: 2}\n- *x", r"\[0\]\.b is there twice"),
        (b"a: &x {b: 1}\nc: {<<: *x, b: 2, b: 3}", r"c\.b is there twice"),
        (b"a: [", "this is no YAML: .*line 1, column 5"),
        (b"a: 2026-99-99", "this is no YAML: month must be"),
        (b"\xff\xfe\x00", "this is no YAML"),
        (b"a: !!python/object:os.system {}", "this is no YAML"),
        (b"--- 1\n--- 2", "this is no YAML: .*single document"),
        (b"[" * 5000, "this is no YAML: .*recursion"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: bytes, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        strict_yaml.load(text)


def test_what_holds_itself_is_no_reason_to_look_forever() -> None:
    held = strict_yaml.load(b"&a {b: *a}")
    assert held["b"] is held
