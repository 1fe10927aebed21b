"""Checks that requirements.lock pins every package by version and hash, and names no place to fetch it from.

Where packages come from is the business of whoever installs them; an address in a pin would decide it for them.
"""

import re
import sys
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"

_PIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._-]+\])?==[A-Za-z0-9.!+_-]+( ; .+)?$")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_PLACE = re.compile(r"://|^-|\s@\s|@\s*file|^\.|/")


def faults(text: str) -> list[str]:
    """What is wrong with the text of a lock file, one line each; nothing if it is as it should be."""
    found: list[str] = []
    requirements = [
        line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")
    ]
    for requirement in requirements:
        pin, *_ = requirement.split("--hash=", 1)
        name = pin.strip()
        if _PLACE.search(name):
            found.append(f"names a place or an option: {name}")
        elif not _PIN.match(name):
            found.append(f"is not pinned to one version: {name}")
        elif not _HASH.search(requirement):
            found.append(f"has no sha256 hash: {name}")
        elif _HASH.sub("", requirement).strip() != name:
            found.append(f"has more than a version and sha256 hashes: {name}")
    return found if requirements else ["is empty"]


def main() -> int:
    found = faults(LOCK.read_text())
    for fault in found:
        print(f"{LOCK.name}: {fault}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
