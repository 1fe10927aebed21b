"""The door through which a running stack gets more or fewer processes: for commands, and whatever else decides so."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from riskengine.domain.errors import FieldError, InvalidInput
from riskengine.stack import lock
from riskengine.stack.errors import StackError
from riskengine.stack.standing import MOST, Counts, Kind, Standing, Wanted

_LOOK_S = 0.1
_PATIENCE_S = 600.0
"""For a stack to do what was asked: longer than sixty processes may take to start and half of them to leave, so that it
is the stack that says what is wrong.
"""


def present(directory: Path) -> Standing:
    """What there is in the stack that works in the directory. Raises StackError if none does, or not yet."""
    if not lock.held(directory):
        raise StackError(f"no stack runs in {directory}: start one with `riskengine up`, or name its --data-dir")
    shown = Standing.read(directory)
    if shown is None:
        raise StackError(f"the stack in {directory} is not up yet: wait until `riskengine up` says so, and try again")
    return shown


def scale(
    directory: Path,
    *,
    api: int | None = None,
    worker: int | None = None,
    watch: Callable[[Standing], None] = lambda _: None,
) -> Standing:
    """Asks the stack that works in the directory for so many processes (None: as many as now), and waits for them.

    What was asked for last holds until the stack is stopped. Returns what there is then; `watch` sees what there was
    before, and what there is meanwhile, again and again. Raises InvalidInput if a count is out of range, and StackError
    if no stack runs there, if it could not do so (there are as many as before), or not within ten minutes (it goes on).
    """
    _check(api, worker)
    with _turn(directory):
        before = present(directory)
        number = _ask(directory, before, api, worker)
    watch(before)
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        now = present(directory)
        if now.holder != before.holder:
            raise StackError(f"the stack in {directory} was stopped meanwhile, and another runs there: ask that one")
        watch(now)
        if now.number >= number:
            break
        if time.monotonic() > deadline:
            raise StackError(
                f"the stack in {directory} is not done after {_PATIENCE_S:.0f} s, and goes on: "
                "`riskengine scale` shows how far it is"
            )
        time.sleep(_LOOK_S)
    if now.refusal is not None:
        raise StackError(f"still api={now.counts.api} worker={now.counts.worker}, as before: {now.refusal}")
    return now


def _check(api: int | None, worker: int | None) -> None:
    faults = tuple(
        FieldError(kind, f"must be from 1 to {MOST}, and not {count}")
        for kind, count in ((Kind.API, api), (Kind.WORKER, worker))
        if count is not None and not 1 <= count <= MOST
    )
    if faults:
        raise InvalidInput(faults, "so many processes cannot be had, and nothing was changed")


def _ask(directory: Path, now: Standing, api: int | None, worker: int | None) -> int:
    """Writes what is wanted: what was asked for last, with these counts in it. Returns the request's number."""
    last = Wanted.read(directory)
    counts, number = now.counts, now.number
    if last is not None and last.number > number:  # of somebody whose turn was before, and who waits like us
        counts, number = last.counts, last.number
    wanted = Wanted(number + 1, Counts(counts.api if api is None else api, counts.worker if worker is None else worker))
    wanted.write(directory)
    return wanted.number


@contextmanager
def _turn(directory: Path) -> Iterator[None]:
    """Keeps two from asking at the same moment, so that neither's wish is lost."""
    present(directory)
    descriptor = os.open(directory / "scale.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
