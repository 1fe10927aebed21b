"""Finding payment card numbers in text, so that they are refused before they are stored or logged."""

import re
from itertools import accumulate

_SEPARATOR = r"[ \-\u00a0\u2007\u2009\u202f\u2010-\u2015\u2212]"
"""What may stand between groups of digits: one space or dash, also in their typographic forms."""

_LONG_RUN = re.compile(rf"\d(?:{_SEPARATOR}?\d){{12,}}")
_GROUP = re.compile(r"\d+")

SHORTEST, LONGEST = 13, 19

_ISSUER = re.compile(
    r"4|5[0-8]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)"  # Visa; Mastercard 51-55 and 2221-2720, Maestro 50 and 56-58
    r"|3[4678]|30[0-5]|35(?:2[89]|[3-8])|6"  # Amex, Diners, JCB; Discover, UnionPay and Maestro share 6
)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def contained_in(text: str) -> bool:
    """Whether the text has a card number: 13 to 19 digits, an issuer's prefix, a valid Luhn digit.

    The digits may be in groups, with one space or dash between; a number ends where its groups do, so that part of a
    longer run of digits is none. Digits of other scripts count as the digits they are.
    """
    if len(text) < SHORTEST or _LONG_RUN.search(text) is None:  # nearly always, and quickly
        return False
    return any(_in_groups(_GROUP.findall(run.group())) for run in _LONG_RUN.finditer(text))


def _in_groups(groups: list[str]) -> bool:
    """Whether neighbouring groups make a card number. Linear in their digits, whatever they are.

    Luhn's sum (ISO/IEC 7812-1, annex B) doubles every second digit, counted from the last. Of any stretch it is the
    difference of two running sums, taken over all digits with the odd places doubled, or the even ones.
    """
    digits = "".join(str(int(digit)) for group in groups for digit in group)
    numbers = [int(digit) for digit in digits]
    sums = [
        list(accumulate((_DOUBLED[n] if at % 2 == odd else n for at, n in enumerate(numbers)), initial=0))
        for odd in (0, 1)
    ]
    bounds = list(accumulate(map(len, groups), initial=0))
    for first, start in enumerate(bounds[:-1]):
        if _ISSUER.match(digits, start) is None:
            continue
        for end in bounds[first + 1 : first + 1 + LONGEST]:
            running = sums[end % 2]
            if SHORTEST <= end - start <= LONGEST and (running[end] - running[start]) % 10 == 0:
                return True
    return False
