"""The engine's own processes in the embedded stack: `riskengine api` and `riskengine worker`."""

import http.client
import sys
from collections.abc import Mapping
from pathlib import Path

from riskengine.stack import ports
from riskengine.stack.process import Process, Program
from riskengine.stack.standing import Instance, Kind, State

START_TIMEOUT_S = 30.0
_START_SHARE_S = 5.0
"""More time for each process that starts at the same time: a start takes a second or two of a processor, and processors
have other work.
"""

_PROBE_TIMEOUT_S = 5.0


class EngineProcess:
    """One API process or worker, which listens on `port` of the loopback interface (a worker with its metrics).

    It is kept running: whatever ends it unasked, another one follows.
    """

    def __init__(self, kind: Kind, name: str, directory: Path, environment: Mapping[str, str], port: int) -> None:
        self.kind = kind
        self.port = port
        self._state = State.STARTING
        listening = {"API_HOST": ports.LOOPBACK, "API_PORT": str(port)}
        if kind is Kind.WORKER:
            listening = {"WORKER_METRICS_PORT": str(port)}
        self.process = Process(
            Program(
                name=name,
                # -P: a file of the working directory must not stand in for a module
                arguments=(sys.executable, "-P", "-m", "riskengine", kind),
                directory=Path.cwd(),  # where `.env` is
                log=directory / f"{name}.log",
                environment={**environment, **listening},
            ),
            restart=True,
        )

    @property
    def instance(self) -> Instance:
        """What it is at this moment. Raises StackError before its start."""
        state = State.DOWN if self._state is State.RUNNING and not self.process.alive else self._state
        return Instance(self.process.name, self.kind, self.process.pid, self.port, state)

    def wait_ready(self, together: int) -> None:
        """Returns when it listens, when so many in all start together, on the same processors.

        Raises StackError, with the end of its log, if it dies or takes too long.
        """
        self.process.wait_ready(lambda: ports.listening(self.port), START_TIMEOUT_S + together * _START_SHARE_S)

    def note(self, state: State) -> None:
        """Says where it stands, since that is not to be seen from outside."""
        self._state = state


def answers(port: int, path: str) -> bool:
    """Whether a GET of the path on the loopback interface is answered with 200."""
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=_PROBE_TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
