"""The engine's own processes in the embedded stack: `riskengine api` and `riskengine worker`."""

import http.client
import sys
from collections.abc import Mapping
from pathlib import Path

from riskengine.stack import ports
from riskengine.stack.process import Process, Program

START_TIMEOUT_S = 30.0
_PROBE_TIMEOUT_S = 5.0


class EngineProcess:
    """One API process or worker, which listens on `port` of the loopback interface (a worker with its metrics).

    It is kept running: whatever ends it unasked, another one follows.
    """

    def __init__(self, command: str, name: str, directory: Path, environment: Mapping[str, str], port: int) -> None:
        self.port = port
        self.process = Process(
            Program(
                name=name,
                # -P: a file of the working directory must not stand in for a module
                arguments=(sys.executable, "-P", "-m", "riskengine", command),
                directory=Path.cwd(),  # where `.env` is
                log=directory / f"{name}.log",
                environment=environment,
            ),
            restart=True,
        )

    @classmethod
    def api(cls, name: str, directory: Path, environment: Mapping[str, str]) -> "EngineProcess":
        """An API process on a port of its own."""
        port = ports.free()
        return cls("api", name, directory, {**environment, "API_HOST": ports.LOOPBACK, "API_PORT": str(port)}, port)

    @classmethod
    def worker(cls, name: str, directory: Path, environment: Mapping[str, str]) -> "EngineProcess":
        """A worker with its metrics on a port of its own."""
        port = ports.free()
        return cls("worker", name, directory, {**environment, "WORKER_METRICS_PORT": str(port)}, port)

    def wait_ready(self) -> None:
        """Returns when it listens. Raises StackError, with the end of its log, if it dies or takes too long."""
        self.process.wait_ready(lambda: ports.listening(self.port), START_TIMEOUT_S)


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
