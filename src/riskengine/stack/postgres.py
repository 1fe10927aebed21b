"""The embedded PostgreSQL 18."""

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from riskengine.stack import identity, ports, programs
from riskengine.stack.errors import StackError
from riskengine.stack.process import Process, Program

DATABASE = "riskengine"
_USER = "riskengine"
_INITDB = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")
_POLL_S = 0.05
_PREDECESSOR_TIMEOUT_S = 15.0
_START_TIMEOUT_S = 60.0  # recovery after a crash reads up to max_wal_size
_STATUS_LINE = 7  # of postmaster.pid: the server's own word on whether it accepts connections

# Where the server finds its data: the directory it is started in. The kernel resolves this without walking the path, so
# the server's user need not be allowed to enter the directories above (root's home, a private temporary directory).
_HERE = "/proc/self/cwd"

_SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    # What was acknowledged is on disk: these three are the promise, and the values are PostgreSQL's own.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "off",  # this build only has pglz, whose work costs more than the bytes it saves
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "max_slot_wal_keep_size": "4GB",  # a replica that is away for longer than this lasts is made anew
    "jit": "off",  # statements are short; compiling them takes longer than running them
    "autovacuum": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Postgres:
    """A PostgreSQL server on the loopback interface whose data, password and log live in `directory`.

    As root it runs as an unprivileged user, who then owns `directory`. It is kept running: whatever ends it unasked,
    another one follows, and recovers from the WAL.
    """

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        settings: Mapping[str, str] = MappingProxyType({}),
        name: str = "postgresql",
    ) -> None:
        """`settings` of PostgreSQL that are not to be the usual ones, and the process's `name`."""
        self._directory = directory.absolute()
        self._data = self._directory / "data"
        self.password_file = self._directory / "password"
        self._identity = identity.unprivileged(self._data)
        self._programs = programs.postgres() if self._identity is None else programs.postgres_for_others()
        self.port = ports.claim(port, "PostgreSQL")
        self.settings = MappingProxyType(_SETTINGS | dict(settings))
        chosen = {**self.settings, "port": str(self.port)}
        options = (word for setting, value in chosen.items() for word in ("-c", f"{setting}={value}"))
        self.process = Process(
            Program(
                name=name,
                arguments=(str(self._programs / "postgres"), "-D", self._place(self._data), *options),
                directory=self._data,
                log=self._directory / "postgresql.log",
                environment=_environment(),
                identity=self._identity,
                stop_signal=signal.SIGINT,  # "fast": ends the sessions, writes a checkpoint
                kill_signal=signal.SIGQUIT,  # "immediate": ends everything; the next start recovers from the WAL
            ),
            restart=True,
            prepare=self._await_predecessor,
        )

    def url(self, database: str = DATABASE) -> str:
        """The address of a database of this server, password included."""
        return f"postgresql://{_USER}:{self.password_file.read_text().strip()}@{ports.LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Returns when the server accepts connections. Raises StackError, with the end of its log, if it does not."""
        if not self._data.exists():
            self._initialise()
        self.process.start()
        try:
            self.process.wait_ready(self.ready, _START_TIMEOUT_S)
        except StackError:
            self.process.stop(0.0)  # else it would be tried for ever
            raise

    def ask(self, statement: str) -> list[str]:
        """Runs a statement as the database's owner, and returns its rows as text, columns apart by `|`."""
        words = ("-h", ports.LOOPBACK, "-p", str(self.port), "-U", _USER, "-d", DATABASE)
        secret = {"PGPASSWORD": self.password_file.read_text().strip()}
        how = ("-XqAt", "-v", "ON_ERROR_STOP=1")  # from standard input: no list of processes shows what is secret in it
        return self._run(self._data, "psql", *words, *how, text=statement, environment=secret).splitlines()

    def stop(self, timeout_s: float = 4.0) -> None:
        """Stops the server cleanly; at once if that takes more than `timeout_s` seconds (nothing committed is lost)."""
        self.process.stop(timeout_s)

    def ready(self) -> bool:
        """Whether the server accepts connections."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return (
            len(lines) > _STATUS_LINE and lines[0] == str(self.process.pid) and lines[_STATUS_LINE].strip() == "ready"
        )

    def _initialise(self) -> None:
        """Makes the data directory; it appears whole or not at all."""
        draft = self._draft()
        self._secret(self.password_file, secrets.token_urlsafe(24))
        place = self._place(draft)
        self._run(draft, "initdb", "-D", place, "-U", _USER, "--pwfile=../password", *_INITDB)
        self._run(draft, "postgres", "--single", "-D", place, "postgres", text=f"CREATE DATABASE {DATABASE}\n")
        draft.rename(self._data)

    def _draft(self) -> Path:
        """An empty directory of the server's user, which is to become the data directory."""
        draft = self._directory / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)
        if self._identity:
            self._identity.own(self._directory, draft)
        return draft

    def _secret(self, path: Path, text: str) -> None:
        """Writes a file for the server's user alone."""
        path.touch(mode=0o600)
        path.write_text(text)
        if self._identity:
            self._identity.own(path)

    def _run(
        self,
        directory: Path,
        program: str,
        *arguments: str,
        text: str = "",
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        """Runs one of PostgreSQL's programs to its end; says what it said. Raises StackError with that if it fails."""
        finished = subprocess.run(
            [self._programs / program, *arguments],
            check=False,
            cwd=directory,
            env=_environment() | dict(environment),
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            user=self._identity.uid if self._identity else None,
            group=self._identity.gid if self._identity else None,
            extra_groups=[] if self._identity else None,
        )
        if finished.returncode != 0:
            raise StackError(f"PostgreSQL's {program} failed in {directory}:\n{finished.stdout.strip()}")
        return finished.stdout

    def _place(self, data: Path) -> str:
        """How the server is told of its data directory, which is also the one it is started in."""
        return _HERE if self._identity else str(data)

    def _await_predecessor(self) -> None:
        """Lets what is left of an earlier server, whose parent died, come to its end, and clears its lock away.

        PostgreSQL itself would take any process that has the same number by now for its predecessor.
        Raises StackError if the earlier server stays.
        """
        lock = self._data / "postmaster.pid"
        deadline = time.monotonic() + _PREDECESSOR_TIMEOUT_S
        while lock.exists() and (pids := self._servers_here()):
            if time.monotonic() > deadline:
                raise StackError(
                    f"an earlier PostgreSQL still works in {self._data}: end process {pids[0]}, and start again"
                )
            time.sleep(_POLL_S)
        lock.unlink(missing_ok=True)

    def _servers_here(self) -> list[int]:
        """The processes of any PostgreSQL on our data: each of them works in its data directory."""
        import psutil  # type: ignore[import-untyped]  # of the extra that the servers come with: here it is installed

        here = str(self._data.resolve())
        found = psutil.process_iter(["name", "cwd"])
        return sorted(
            process.pid for process in found if process.info["name"] == "postgres" and process.info["cwd"] == here
        )


def _environment() -> dict[str, str]:
    """Nothing of ours: PGDATA, PGHOST, LANG and their like would change what the server does."""
    return {"PATH": os.defpath, "TZ": "UTC"}
