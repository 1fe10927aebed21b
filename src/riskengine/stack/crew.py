"""The engine's processes in a running stack: as many of each kind as are wanted, and how they become more or fewer."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from riskengine.stack import ports
from riskengine.stack.engine import EngineProcess
from riskengine.stack.errors import StackError
from riskengine.stack.process import stop_all
from riskengine.stack.roster import Roster
from riskengine.stack.standing import Counts, Kind, State

_LEAVE_TIMEOUT_S = 30.0
"""For a process that leaves while the stack stays: it finishes what it has, or hands it back, within
`SHUTDOWN_DEADLINE_MS`; ten times as long as that usually is.
"""

_HEARD = 2
"""How often the balancer hears that a process gets no more requests: with the second answer it has acted upon the
first, and what it was about to send is sent.
"""


class Crew:
    """API processes, at places of the balancer's roster, and workers; they log in `directory`.

    `environment` says what a process of a name gets. The sequences `api` and `workers` change as processes come and go.
    `start` and `scale` must be called from threads that live as long as the processes (see `Process`).
    """

    def __init__(self, directory: Path, environment: Callable[[str], Mapping[str, str]], roster: Roster) -> None:
        self.api: list[EngineProcess] = []
        self.workers: list[EngineProcess] = []
        self._directory = directory
        self._environment = environment
        self._roster = roster
        self._membership = threading.Lock()
        self._stopped = False

    def start(self, counts: Counts) -> None:
        """Starts so many, and returns when they are of use. Raises StackError if one is not; `stop` ends the others."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        added = self._begin(counts, [])
        for part in added:
            part.wait_ready(len(added))
            self._enlist(part)

    def scale(self, counts: Counts, progress: Callable[[], None] = lambda: None) -> None:
        """Starts what is missing, then ends what is too much, the last started first. One call at a time.

        Returns when all new processes are at work and all others have left; calls `progress` at each step. Raises
        StackError if a new process is of no use: then those that were there stay, and no other.
        """
        added: list[EngineProcess] = []
        try:
            self._begin(counts, added)
            progress()
            for part in added:
                part.wait_ready(len(added))
                self._enlist(part)
                if part.kind is Kind.API and not self._roster.wait_told(part.port, 1):
                    raise StackError(f"the balancer does not ask for {part.process.name}: see its log, and try again")
                progress()
        except (StackError, OSError):
            self._end(added, progress)
            raise
        self._end([*self.api[counts.api :], *self.workers[counts.worker :]], progress)

    def stop(self, timeout_s: float) -> None:
        """Ends all at once, and keeps new ones from starting; who has not left after `timeout_s` seconds is killed."""
        with self._membership:
            self._stopped = True
            processes = [part.process for part in (*self.workers, *self.api)]
        stop_all(processes, timeout_s)

    def _begin(self, counts: Counts, added: list[EngineProcess]) -> list[EngineProcess]:
        """Starts what is missing of each kind, and adds it to the list, which is returned."""
        for kind, members in ((Kind.WORKER, self.workers), (Kind.API, self.api)):
            while len(members) < counts.of(kind):
                part = self._made(kind, len(members) + 1)
                with self._membership:
                    if self._stopped:
                        raise StackError("the stack is being stopped: start it again with the counts you want")
                    part.process.start()
                    members.append(part)
                    added.append(part)
        return added

    def _made(self, kind: Kind, number: int) -> EngineProcess:
        taken = {part.port for part in self.api}
        vacant = [place for place in self._roster.places if place not in taken]
        port = ports.first_free(vacant) if kind is Kind.API else ports.free()
        name = f"{kind}-{number}"
        return EngineProcess(kind, name, self._directory, self._environment(name), port)

    def _enlist(self, part: EngineProcess) -> None:
        """Gives work to a process that is ready; a worker takes it by itself."""
        if part.kind is Kind.API:
            self._roster.admit(part.port)
        part.note(State.RUNNING)

    def _end(self, parts: Sequence[EngineProcess], progress: Callable[[], None]) -> None:
        """Lets them finish what they have, and leave, the last started first; only then they are no members."""
        leaving = list(reversed(parts))
        serving = [part for part in leaving if part.kind is Kind.API]
        for part in leaving:
            part.note(State.LEAVING)
        for part in serving:
            self._roster.withdraw(part.port)
        progress()
        for part in serving:
            self._roster.wait_told(part.port, _HEARD)
        stop_all([part.process for part in leaving], _LEAVE_TIMEOUT_S)
        with self._membership:
            for part in leaving:
                (self.api if part.kind is Kind.API else self.workers).remove(part)
        progress()
