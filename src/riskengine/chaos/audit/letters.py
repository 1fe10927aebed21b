"""Dead letters: each that must be is, as it should be, and no other."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from riskengine.chaos.audit.findings import Check
from riskengine.chaos.audit.holdings import Holdings
from riskengine.chaos.poison import Poison
from riskengine.domain.dead_letter import DeadLetter
from riskengine.resilience.retry import Schedule

RETRIES = Schedule().attempts
"""How often what fails is tried again."""


def checks(holdings: Holdings, poison: Poison) -> list[Check]:
    """Checks on dead letters, on what waits, and on messages that were garbage."""
    stored = {one.transaction_id for one in holdings.stored} & poison.unscorable.keys()
    letters = [letter for letter in holdings.letters if letter.transaction_id is not None]
    unreadable = [letter for letter in holdings.letters if letter.transaction_id is None]
    waiting = [one for one in holdings.stored if one.failures is not None]
    return [
        Check.of("what cannot be scored is a dead letter after its tries", len(stored), _buried(stored, letters)),
        Check.of("messages that are garbage are dead letters", len(poison.garbage), _read(poison, unreadable)),
        Check.of("no dead letter is unexplained", len(holdings.letters), _unexplained(holdings.letters, poison)),
        Check.of(
            "nothing waits but what dead letters hold",
            len(waiting),
            (
                f"{one.transaction_id} waits, after {one.failures} failures"
                for one in waiting
                if one.transaction_id not in stored or not one.held or one.failures != RETRIES + 1
            ),
        ),
    ]


def _buried(stored: set[UUID], letters: list[DeadLetter]) -> Iterator[str]:
    by_id: dict[UUID, list[DeadLetter]] = {one: [] for one in stored}
    for letter in letters:
        if letter.transaction_id in by_id:
            by_id[letter.transaction_id].append(letter)
    for transaction_id, found in by_id.items():
        if [(letter.status, letter.retry_count) for letter in found] != [("open", RETRIES)]:
            words = [f"{letter.status} after {letter.retry_count} more tries" for letter in found]
            yield f"{transaction_id} has the letters {words}, and should have one, open after {RETRIES}"


def _read(poison: Poison, letters: list[DeadLetter]) -> Iterator[str]:
    """Of each message at most one letter; of one that Valkey had and did not lose, just one."""
    found = Counter(letter.body for letter in letters)
    for body, taken in poison.garbage.items():
        fewest = int(taken and body not in poison.lost)
        if not fewest <= found[body] <= 1:
            yield f"the message {body.hex()} has {found[body]} letters, and should have one"


def _unexplained(letters: list[DeadLetter], poison: Poison) -> Iterator[str]:
    for letter in letters:
        known = (
            letter.body in poison.garbage
            if letter.transaction_id is None
            else letter.transaction_id in poison.unscorable
        )
        if not known:
            what = letter.transaction_id or f"message {letter.message_id}"
            yield f"{letter.letter_id} on {what}: {letter.error_class}: {letter.error}"
