"""The embedded load balancer, Caddy, in front of the API processes."""

import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from riskengine.stack import ports, programs
from riskengine.stack.process import Process, Program
from riskengine.stack.roster import Roster

_START_TIMEOUT_S = 15.0


class Balancer:
    """A reverse proxy on the loopback interface over API processes, as `roster` has them; it logs in `directory`.

    `places` are the ports that API processes may ever have. What it does is in the file `Caddyfile` beside this module.
    Raises StackError if the port is in use.
    """

    def __init__(self, directory: Path, places: Sequence[int], port: int | None = None) -> None:
        self._directory = directory.absolute()
        self.roster = Roster(places)
        self.port = ports.claim(port, "the API")
        self.process = Process(
            Program(
                name="balancer",
                arguments=(str(programs.caddy()), "run", "--adapter", "caddyfile", "--config", _configuration()),
                directory=self._directory,
                log=self._directory / "balancer.out",
                environment={
                    "PATH": os.defpath,
                    # Collecting garbage less often saves a tenth of the balancer's CPU, for some 30 MB.
                    "GOGC": "400",
                    "GOMEMLIMIT": "128MiB",
                    # Half of the processors: more threads mostly wake each other, the rest have work of their own.
                    "GOMAXPROCS": str(max(1, (os.cpu_count() or 1) // 2)),
                    "HOME": str(self._directory),
                    "ADDRESS": f"{ports.LOOPBACK}:{self.port}",
                    "UPSTREAMS": " ".join(f"{ports.LOOPBACK}:{place}" for place in places),
                    "ROSTER": f"{ports.LOOPBACK}:{self.roster.port}",
                    "LOG": str(self._directory / "balancer.log"),
                },
            ),
            restart=True,
        )

    @property
    def url(self) -> str:
        """Where clients find the API."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Returns when connections are accepted. Raises StackError, with the end of the log, if they are not."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.roster.start()
        self.process.start()
        self.process.wait_ready(lambda: ports.listening(self.port), _START_TIMEOUT_S)

    def stop(self, timeout_s: float = 1.0) -> None:
        """Stops accepting, and ends what is under way after `timeout_s` seconds."""
        self.process.stop(timeout_s)
        self.roster.stop()


def _configuration() -> str:
    return str(resources.files("riskengine.stack").joinpath("Caddyfile"))
