"""The embedded Valkey 9: the queue and the histories, held in memory alone."""

import os
import secrets
from pathlib import Path

import redis

from riskengine.stack import ports, programs
from riskengine.stack.process import Process, Program

_START_TIMEOUT_S = 15.0

# No persistence: PostgreSQL is all that is kept, and what is lost here is rebuilt from it. Only keys with an expiry are
# ever evicted, so the queue never is.
_CONFIGURATION = """\
bind {address}
port {port}
requirepass {password}
dir {directory}
save ""
appendonly no
maxmemory {maxmemory}
maxmemory-policy volatile-ttl
"""


class Valkey:
    """A Valkey server on the loopback interface, whose configuration and log live in `directory`."""

    maxmemory = "256mb"

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        *,
        name: str = "valkey",
        password: str | None = None,
        more: str = "",
        restart: bool = True,
    ) -> None:
        """`more` are lines for its configuration. Without `restart` it stays away once it dies."""
        self.directory = directory.absolute()
        self._configuration = self.directory / "valkey.conf"
        self._more = more
        self._password = password or secrets.token_urlsafe(24)
        self.port = ports.claim(port, "Valkey")
        self.process = Process(
            Program(
                name=name,
                arguments=(str(programs.valkey()), str(self._configuration)),
                directory=self.directory,
                log=self.directory / "valkey.log",
                environment={"PATH": os.defpath},
            ),
            restart=restart,
        )

    @property
    def processes(self) -> list[Process]:
        """The one process."""
        return [self.process]

    @property
    def url(self) -> str:
        """The server's address, password included."""
        return f"redis://:{self._password}@{ports.LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Returns when the server answers. Raises StackError, with the end of its log, if it does not."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._configuration.touch(mode=0o600)
        self._configuration.write_text(
            _CONFIGURATION.format(
                address=ports.LOOPBACK,
                port=self.port,
                password=self._password,
                directory=self.directory,
                maxmemory=self.maxmemory,
            )
            + self._more
        )
        self.process.start()
        self.process.wait_ready(self.ready, _START_TIMEOUT_S)

    def stop(self, timeout_s: float = 2.0) -> None:
        """Stops the server; what it held is gone."""
        self.process.stop(timeout_s)

    def ask(self, *command: str | int) -> str:
        """What the server answers to a command. Raises redis.RedisError."""
        with redis.Redis.from_url(self.url, protocol=2, decode_responses=True) as client:
            client.response_callbacks.clear()
            return str(client.execute_command(*command))

    def lines(self, *command: str | int) -> list[str]:
        """What the server answers to a command that has a list as answer. Raises redis.RedisError."""
        with redis.Redis.from_url(self.url, protocol=2, decode_responses=True) as client:
            client.response_callbacks.clear()
            return list(map(str, client.execute_command(*command)))

    def ready(self) -> bool:
        """Whether the server answers."""
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
