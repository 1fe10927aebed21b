"""Work with a deadline."""

import gc
import threading
import weakref
from threading import Event

import pytest

from riskengine.models.runner import Busy, Late, Runner

LONG = 60.0


def test_it_gives_what_the_work_gives_or_raises() -> None:
    runner = Runner("test")

    assert [runner.run(lambda: 6 * 7, LONG) for _ in range(100)] == [42] * 100
    with pytest.raises(ZeroDivisionError):
        runner.run(lambda: 1 // 0, LONG)
    assert runner.run(lambda: "again", LONG) == "again"


def test_work_runs_in_a_thread_of_its_own() -> None:
    assert Runner("own").run(lambda: threading.current_thread().name, LONG) == "own"


def test_late_work_makes_it_busy_until_it_ends() -> None:
    runner, let_go, ended = Runner("test"), Event(), []

    def work() -> None:
        let_go.wait()
        ended.append(True)

    with pytest.raises(Late):
        runner.run(work, 0.005)
    with pytest.raises(Busy):
        runner.run(lambda: None, LONG)
    let_go.set()
    assert _free(runner) == "free"
    assert ended == [True]


def test_a_timeout_of_the_work_itself_is_not_taken_for_lateness() -> None:
    def work() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        Runner("test").run(work, LONG)


def test_its_thread_ends_when_nobody_holds_it() -> None:
    # Given a runner that did something, and failed at something
    runner = Runner("test")
    thread = runner.run(threading.current_thread, LONG)
    held = weakref.ref(runner)
    # When it is forgotten
    del runner
    gc.collect()
    # Then so is its thread
    assert held() is None
    thread.join(LONG)
    assert not thread.is_alive()


def _free(runner: Runner) -> str:
    while True:
        try:
            return runner.run(lambda: "free", LONG)
        except Busy:
            continue
