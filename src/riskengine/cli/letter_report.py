"""Dead letters as people read them."""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Sequence

from riskengine.cli.release_tables import console, date, table
from riskengine.domain.dead_letter import Cause, DeadLetter
from riskengine.pipeline.dead_letters import Discarded, LeftAlone, Replayed

LONGEST_ERROR = 60
"""Characters of an error in a table."""

MOST_NAMED = 5
"""Letters that are named of those left alone for one reason."""


def page(letters: Sequence[DeadLetter], *, more: bool) -> None:
    """Shows letters, and whether there are more."""
    if not letters:
        _say("no dead letters match")
        return
    table(
        ("letter", "failed", "status", "cause", "account", "tries", "error"),
        (
            (
                letter.letter_id,
                date(letter.failed_at),
                letter.status,
                letter.fingerprint,
                letter.account_id,
                letter.retry_count + 1,
                _error(letter.error_class, letter.error),
            )
            for letter in letters
        ),
    )
    if more:
        _say("there are more; narrow them down, or give a higher --limit")


def whole(letter: DeadLetter) -> None:
    """Shows all that is known of a letter."""
    rows = {
        "letter": letter.letter_id,
        "status": letter.status,
        "failed": date(letter.failed_at),
        "transaction": letter.transaction_id or "the message could not be read",
        "account": letter.account_id,
        "tried again": f"{letter.retry_count} times",
        "error": f"{letter.error_class}: {letter.error}",
        "cause": letter.fingerprint,
        "worker": letter.worker,
        "versions": ", ".join(f"{what} {letter.versions[what] or 'none'}" for what in sorted(letter.versions)),
        "message": f"{letter.message_id} of the stream {letter.stream}",
    }
    if letter.changed_at is not None:
        rows["changed"] = f"{date(letter.changed_at)} by {letter.changed_by}: {letter.note or '(no note)'}"
    for title, value in rows.items():
        _say(f"{title:<12} {'' if value is None else value}")
    if letter.stack:
        _say(f"\n{letter.stack.rstrip()}")
    if letter.body is not None:
        _say(f"\nthe message, {len(letter.body)} bytes in base64:\n{b64encode(letter.body).decode()}")
    _say(f"\n{_next_step(letter)}")


def causes(found: Sequence[Cause]) -> None:
    """Shows causes."""
    if not found:
        _say("there are no dead letters")
        return
    table(
        ("cause", "letters", "open", "first seen", "last seen", "newest letter", "error"),
        (
            (
                cause.fingerprint,
                f"{cause.letters:,}",
                f"{cause.open:,}",
                date(cause.first_seen),
                date(cause.last_seen),
                cause.sample,
                _error(cause.error_class, cause.error),
            )
            for cause in found
        ),
    )


def replayed(done: Replayed, rate: float) -> None:
    """Says what a replay did."""
    if done.transactions:
        _say(f"queued again, {rate:g} a second: {_counted(done.transactions, 'transaction')}")
    if done.messages:
        _say(f"can be read now, and queued again: {_counted(done.messages, 'message')}")
    if not done.transactions and not done.messages:
        _say("nothing is replayed" if done.left_alone else "nothing is replayed: no open dead letter matches")
    _left_alone(done.left_alone, more=done.more)


def discarded(done: Discarded) -> None:
    """Says what a discard did."""
    if done.letters:
        _say(f"discarded: {_counted(done.letters, 'letter')}; transactions stay pending")
    else:
        _say("nothing is discarded" if done.left_alone else "nothing is discarded: no open dead letter matches")
    _left_alone(done.left_alone, more=done.more)


def _left_alone(letters: Sequence[LeftAlone], *, more: bool) -> None:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for letter in letters:
        by_reason[letter.why].append(str(letter.letter_id))
    for why, names in by_reason.items():
        shown = ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")
        _say(f"left alone: {_counted(len(names), 'letter')}: {why}: {shown}")
    if more:
        _say("the limit is reached; say it again for the rest")


def _next_step(letter: DeadLetter) -> str:
    again = f"riskengine dlq replay {letter.letter_id}"
    match letter.status:
        case "decided":
            return f"it is decided: riskengine explain {letter.transaction_id}"
        case "replayed":
            return "it was replayed: if it fails again, there is another letter"
        case _ if letter.transaction_id is None:
            return f"{again} reads the message once more, with the version that runs the command"
        case _:
            return (
                f"GET /api/v1/transactions/{letter.transaction_id} shows the transaction; once what is wrong is "
                f"corrected, {again} has it decided"
            )


def _error(error_class: str, error: str) -> str:
    """An error in one line that fits a table."""
    text = " ".join(f"{error_class}: {error}".split())
    return text if len(text) <= LONGEST_ERROR else f"{text[: LONGEST_ERROR - 1]}…"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _say(text: str) -> None:
    console().print(text, markup=False)
