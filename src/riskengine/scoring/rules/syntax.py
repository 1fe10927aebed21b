"""From an expression's text to a syntax tree. Python's parser reads it; what it would say badly is found before."""

import ast
import re

import msgspec

from riskengine.scoring.rules.place import Place, Written

LONGEST = 1_000
"""Characters of an expression. It bounds the work of reading and of evaluating it."""

_TOKEN = re.compile(
    r"""
    (?P<text>[A-Za-z]{0,2}(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<comment>\#[^\n]*)
    |(?P<word>[^\W\d]\w*)
    |(?P<number>(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?\w*)
    |(?P<sign>&&|\|\||<>|==|!=|<=|>=|=<|=>|:=|->|\*\*|//|<<|>>|[=!;?$%&|^~@`\\"'])
    |(?P<opening>[(\[{])
    |(?P<closing>[)\]}])
    |(?P<other>\S)
    """,
    re.VERBOSE | re.DOTALL,
)

_ESCAPES = re.compile(r"""(?:[^\\]|\\(?:[\\'"nt]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}))*""", re.DOTALL)
_DECIMAL = re.compile(r"[0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9]+)?")
_PREFIX = re.compile(r"(?i)(r|u|b|f|br|rb|fr|rf)(?=[\"'])")

_PAIRS = {")": "(", "]": "[", "}": "{"}

_SIGNS = {
    "&&": "write `and`",
    "||": "write `or`",
    "=": "to compare, write ==",
    "!": "write `not`",
    "<>": "write !=",
    "=<": "write <=",
    "=>": "write >=",
    ":=": "nothing can be given a name in a rule; write the expression where it is needed",
    ";": "write one condition; join several with `and` or `or`",
    "?": "write conditions joined with `and` and `or`",
    "$": "names are written plainly, as in amount_base",
    "`": 'names are written plainly, texts in quotes, as in "DE"',
    "\\": "lines need no mark at their end",
    "->": "compare with < or >",
    "<<": "write < to compare",
    ">>": "write > to compare",
    "**": "write x * x",
    "//": "write floor(x / y)",
    "%": "write x - floor(x / 100) * 100",
    "&": "write `and`",
    "|": "write `or`",
    "^": "write x * x for a square",
    "~": "write `not`",
    "@": "there are + - * /",
}
"""Signs that other notations have, and what to write here."""

_WORDS = {
    "AND": "write `and`",
    "OR": "write `or`",
    "NOT": "write `not`",
    "IN": "write `in`",
    "is": "write ==, and != for `is not`",
    "if": "write conditions joined with `and` and `or`",
    "then": "write conditions joined with `and` and `or`",
    "else": "write conditions joined with `and` and `or`",
    "BETWEEN": "write 10 <= amount <= 20",
    "between": "write 10 <= amount <= 20",
    "LIKE": 'write starts_with(merchant, "A"), ends_with or contains',
    "like": 'write starts_with(merchant, "A"), ends_with or contains',
}


class Mistake(Exception):
    """A text that is no expression: what is wrong, where, and what to write instead."""

    def __init__(self, message: str, place: Place | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    start: int


def read(written: Written) -> ast.expr:
    """The syntax tree of an expression; its places are those of `Written.of`. Raises Mistake."""
    text = written.text
    if len(text) > LONGEST:
        raise Mistake(
            f"the expression has {len(text)} characters, {LONGEST} are allowed",
            hint="split the rule, or put long rows of values into a list",
        )
    tokens = [_Token(str(found.lastgroup), found[0], found.start()) for found in _TOKEN.finditer(text)]
    if not [token for token in tokens if token.kind != "comment"]:
        raise Mistake("the expression is empty", hint="write a condition, as in amount_base > 1000")
    _check_tokens(written, tokens)
    _check_brackets(written, tokens)
    return _parsed(written)


def _check_tokens(written: Written, tokens: list[_Token]) -> None:
    before = None
    for token in tokens:
        _check_literal(written, token)
        place = written.at(token.start, len(token.text.split("\n")[0]))
        if token.kind == "sign" and token.text in _SIGNS:
            raise Mistake(f"there is no sign {token.text} in a rule", place, _SIGNS[token.text])
        if token.text in ("'", '"'):
            raise Mistake("this text has no end", place, "texts stand between two quotes, in one line")
        if token.kind == "word" and token.text in _WORDS:
            raise Mistake(f"there is no word {token.text} in a rule", place, _WORDS[token.text])
        if token.kind == "text" and before is not None and before.kind == "text":
            raise Mistake("two texts stand side by side", place, "put a comma between them")
        if token.kind != "comment":
            before = token


def _check_literal(written: Written, token: _Token) -> None:
    """Refuses what Python has besides plain texts and numbers; some of it, it would only warn of."""
    place = written.at(token.start, len(token.text.split("\n")[0]))
    if token.kind == "number" and not _DECIMAL.fullmatch(token.text):
        raise Mistake("this is no number", place, "write 1000, 10_000, 0.5 or 1e6, and a space after it")
    if token.kind != "text":
        return
    if prefix := _PREFIX.match(token.text):
        hint = f'write country == "DE", without {prefix[0]} before the quotes'
        raise Mistake("this is no plain text", place, hint)
    if not _ESCAPES.fullmatch(token.text):
        raise Mistake("this text has a backslash that means nothing", place, "for a backslash itself, write \\\\")


def _check_brackets(written: Written, tokens: list[_Token]) -> None:
    opened: list[_Token] = []
    for token in tokens:
        if token.kind == "opening":
            opened.append(token)
        elif token.kind == "closing" and (not opened or opened.pop().text != _PAIRS[token.text]):
            raise Mistake("this bracket closes none", written.at(token.start), "take it out, or open one before")
    if opened:
        raise Mistake("this bracket is never closed", written.at(opened[-1].start), "close it, or take it out")


def _parsed(written: Written) -> ast.expr:
    try:
        tree = ast.parse(written.wrapped, mode="eval").body
    except SyntaxError as error:
        message, hint = _told(error.msg)
        raise Mistake(message, written.of_error(error), hint) from None
    except (ValueError, RecursionError, MemoryError):
        raise Mistake("the expression cannot be read", hint="use less nesting, and plain characters") from None
    if isinstance(tree, ast.Tuple) and (tree.lineno, tree.col_offset) == (1, 0):
        raise Mistake(
            "these are several expressions",
            Place(1, 1),
            "join conditions with `and` or `or`; write ten thousand as 10_000",
        )
    return tree


def _told(message: str) -> tuple[str, str]:
    """What Python's parser says, without what only Python needs, and a hint."""
    if message.startswith("invalid syntax"):
        return "the expression cannot be read from here", "something is missing, or one word too many"
    return f"the expression cannot be read: {message}", "see the notation in docs/rules.md"
