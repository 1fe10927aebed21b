"""One program under our own supervision: started, watched, started again when it dies, stopped."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from riskengine.stack import leash
from riskengine.stack.errors import StackError
from riskengine.stack.identity import Identity

_POLL_S = 0.02
_BACKOFF_FIRST_S = 0.2
_BACKOFF_MOST_S = 5.0
_STEADY_S = 10.0  # who lived this long died of something new: the backoff starts over
_LAST_WORDS_S = 1.0  # for a program whose kill signal is not SIGKILL
_LOG_TAIL_BYTES = 2_000

log = structlog.get_logger(__name__)


class Program(msgspec.Struct, frozen=True):
    """What to run: an executable (absolute path) with its arguments, and how.

    `environment` is the whole environment. `kill_signal` ends the program without waiting for anything; the kernel
    sends it too when this process dies, so it must leave nothing behind that the next start cannot mend.
    """

    name: str
    arguments: tuple[str, ...]
    directory: Path
    log: Path
    environment: Mapping[str, str]
    identity: Identity | None = None
    stop_signal: int = signal.SIGTERM
    kill_signal: int = signal.SIGKILL


class Process:
    """A program, and the one process that runs it at a time; with `restart`, another follows when it dies unasked.

    It has a process group of its own, so Ctrl-C in a terminal reaches only its parent, which then stops things in
    order. The thread that calls `start` must live as long as the process: the kernel ties a leash to a thread.
    """

    def __init__(self, program: Program, *, restart: bool = False, prepare: Callable[[], None] = lambda: None) -> None:
        """`prepare` is called before each start; what it raises ends `start`, and puts off a later one."""
        self.program = program
        self._restart = restart
        self._prepare = prepare
        self._running: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._leaving = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int:
        """The id of the running process, or of the last one that ran. Raises StackError before the first start."""
        if self._running is None:
            raise StackError(f"{self.name} was not started")
        return self._running.pid

    @property
    def alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def start(self) -> None:
        """Starts the program; does not wait until it is of use (see `wait_ready`)."""
        if self._watcher is not None:  # of an earlier start: it leaves, since it was told to
            self._watcher.join()
        self._leaving.clear()
        self._prepare()
        self._running = _spawn(self.program)
        if self._restart:
            self._watcher = threading.Thread(target=self._keep_running, name=f"watch-{self.name}", daemon=True)
            self._watcher.start()

    def wait_ready(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Returns once `ready()` is true. Raises StackError with the end of the log if the process dies or is late."""
        deadline = time.monotonic() + timeout_s
        first = self._running
        while not ready():
            if first is not None and first.poll() is not None:
                raise StackError(f"{self.name} stopped while it was starting; {self.log_tail()}")
            if time.monotonic() > deadline:
                raise StackError(f"{self.name} was not ready within {timeout_s:.0f} s; {self.log_tail()}")
            time.sleep(_POLL_S)

    def kill(self) -> None:
        """Ends the process at once, as a crash would (SIGKILL). With `restart` another one follows."""
        if self._running is not None:
            self._running.kill()

    def request_stop(self) -> None:
        """Asks the process to leave, and returns at once. No other one follows."""
        with self._lock:
            self._leaving.set()
            if self._running is not None:
                self._running.send_signal(self.program.stop_signal)

    def wait_stopped(self, timeout_s: float) -> None:
        """Returns when the process has left; it is killed if that takes more than `timeout_s` seconds."""
        if self._running is None:
            return
        for patience, next_signal in ((timeout_s, self.program.kill_signal), (_LAST_WORDS_S, signal.SIGKILL)):
            try:
                self._running.wait(patience)
                break
            except subprocess.TimeoutExpired:
                log.warning("process_killed", process=self.name, pid=self.pid)
                self._running.send_signal(next_signal)
        self._running.wait()

    def stop(self, timeout_s: float) -> None:
        """Asks the process to leave, and kills it if it has not left after `timeout_s` seconds."""
        stop_all([self], timeout_s)

    def log_tail(self) -> str:
        """Where the log is, and its last lines."""
        try:
            tail = self.program.log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").strip()
        except OSError:
            tail = ""
        return f"its log {self.program.log} ends with:\n{tail or '(nothing)'}"

    def _keep_running(self) -> None:
        """Waits for the process, and starts the next: after a moment, then after longer and longer ones."""
        backoff = _BACKOFF_FIRST_S
        while self._running is not None:
            started = time.monotonic()
            code = self._running.wait()
            if time.monotonic() - started > _STEADY_S:
                backoff = _BACKOFF_FIRST_S
            if self._leaving.wait(backoff):
                return
            backoff = min(2 * backoff, _BACKOFF_MOST_S)
            self._start_again(code)

    def _start_again(self, code: int) -> None:
        """Starts the next process, unless it was asked to leave meanwhile or cannot be prepared yet."""
        try:
            self._prepare()
        except StackError as error:
            log.warning("process_not_restarted", process=self.name, reason=str(error))
            return
        with self._lock:
            if self._leaving.is_set():
                return
            log.warning("process_restarted", process=self.name, exit_code=code)
            self._running = _spawn(self.program)


def stop_all(processes: Sequence[Process], timeout_s: float) -> None:
    """Asks all of them to leave at once, then waits; who has not left after `timeout_s` seconds in all is killed."""
    deadline = time.monotonic() + timeout_s
    for process in processes:
        process.request_stop()
    for process in processes:
        process.wait_stopped(max(0.0, deadline - time.monotonic()))


def _spawn(program: Program) -> subprocess.Popen[bytes]:
    identity = program.identity
    held = (
        leash.__file__,
        os.getpid(),
        int(program.kill_signal),
        *((identity.uid, identity.gid) if identity else (-1, -1)),
    )
    with program.log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", *map(str, held), *program.arguments],
            cwd=program.directory,
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
