"""What a check found."""

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How it is: as it should be, worth a thought, or not fit to run like that."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """What was looked at (`check`), how it is, and what to do about it; nothing to do where all is well."""

    check: str
    level: Level
    says: str
    todo: str = ""


def ok(check: str, says: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, says)


def warn(check: str, says: str, todo: str) -> Finding:
    """It works, and may not go on to."""
    return Finding(check, Level.WARN, says, todo)


def fail(check: str, says: str, todo: str) -> Finding:
    """It does not work, or loses what it must not lose."""
    return Finding(check, Level.FAIL, says, todo)
