"""Work with a deadline: done in a thread of its own, while the caller waits no longer than it wants to."""

import atexit
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

FAREWELL_SECONDS = 1.0
"""How long the end of the process waits for work that nobody waits for: native code must not come back to no Python."""

T = TypeVar("T")

_Job = tuple[Callable[[], Any], "Future[Any]"]


class Late(Exception):
    """The work was not done in time. It goes on, and its result is lost."""


class Busy(Exception):
    """Late work of earlier is still going on, so that nothing was begun."""


class Runner:
    """A thread that does one thing at a time. Nothing ever waits in line for it."""

    def __init__(self, name: str) -> None:
        """Starts the thread. It ends when nobody holds the runner any more, and with the process."""
        self._free = Lock()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        thread = Thread(target=_work, args=(self._jobs, self._free), name=name, daemon=True)
        thread.start()
        _threads.add(thread)
        weakref.finalize(self, self._jobs.put, None)

    def run(self, work: Callable[[], T], seconds: float) -> T:
        """What the work gives, or raises. Raises Late if that takes longer, Busy at once if earlier work goes on."""
        if not self._free.acquire(blocking=False):
            raise Busy
        job: Future[T] = Future()
        self._jobs.put((work, job))
        try:
            return job.result(seconds)
        except TimeoutError:
            if job.done():  # then the work itself raised it
                raise
            raise Late from None


_threads: "weakref.WeakSet[Thread]" = weakref.WeakSet()


@atexit.register  # before the first runner's finalizer is, so that it comes after them all
def _part() -> None:
    for thread in list(_threads):
        thread.join(FAREWELL_SECONDS)


def _work(jobs: "SimpleQueue[_Job | None]", free: Lock) -> None:
    """Does what comes. It must not know the runner, nor hold what it did: both are to be forgotten."""
    while (next_ := jobs.get()) is not None:
        _do(*next_, free)
        del next_


def _do(work: Callable[[], T], job: "Future[T]", free: Lock) -> None:
    try:
        result = work()
    except BaseException as error:  # whatever it is, the caller gets it
        free.release()
        job.set_exception(error)
    else:
        free.release()  # first: who has the result may come again at once
        job.set_result(result)
