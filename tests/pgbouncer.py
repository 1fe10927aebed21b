"""Debian's PgBouncer in transaction mode before a PostgreSQL, where it is installed."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from riskengine.stack import ports

SERVERS = 4
"""Connections to PostgreSQL, for all clients together."""

_SETTINGS = """\
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {directory}/users
pool_mode = transaction
default_pool_size = {servers}
max_client_conn = 200
logfile = {directory}/log
"""


def program() -> str:
    """Where it is. Skips the test if it is not installed."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    if found is None:
        pytest.skip("pgbouncer is not installed (Debian: apt-get install pgbouncer)")
    return found


class PgBouncer:
    """A pooler before the server of an address; as root it runs as nobody, since it refuses to be root."""

    def __init__(self, database_url: str) -> None:
        self._address = urlsplit(database_url)
        self._directory = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
        self._port = ports.free()
        settings, users = self._directory / "pgbouncer.ini", self._directory / "users"
        settings.write_text(
            _SETTINGS.format(
                host=self._address.hostname,
                port=self._address.port,
                listen=self._port,
                directory=self._directory,
                servers=SERVERS,
            )
        )
        users.write_text(f'"{self._address.username}" "{self._address.password}"\n')
        nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if nobody is not None:
            for path in (self._directory, settings, users):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        self._process = subprocess.Popen(
            [program(), "-q", str(settings)],
            user=None if nobody is None else nobody.pw_uid,
            group=None if nobody is None else nobody.pw_gid,
            extra_groups=None if nobody is None else [],
        )
        deadline = time.monotonic() + 20
        while not ports.listening(self._port):
            assert self._process.poll() is None, "pgbouncer ended"
            assert time.monotonic() < deadline, "pgbouncer does not listen"
            time.sleep(0.02)

    @property
    def url(self) -> str:
        """The address of the same database, through it."""
        user = f"{self._address.username}:{self._address.password}"
        return f"postgresql://{user}@127.0.0.1:{self._port}{self._address.path}"

    def stop(self) -> None:
        """Ends it, and its connections."""
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self._directory)
