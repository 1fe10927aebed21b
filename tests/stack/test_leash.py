"""Nothing outlives a parent that was killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.stack.waiting import until

PARENT = """
import sys, time
from pathlib import Path
from riskengine.stack.postgres import Postgres
from riskengine.stack.valkey import Valkey
servers = Postgres(Path(sys.argv[1]) / "postgres"), Valkey(Path(sys.argv[1]) / "valkey")
for server in servers:
    server.start()
print(*(server.process.pid for server in servers), flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a signal for the parent's death")
def test_no_server_outlives_a_killed_parent(tmp_path: Path) -> None:
    # Given a process that has started PostgreSQL and Valkey
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    servers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
    assert [server.name() for server in servers] == ["postgres", "valkey-server"]
    backends = servers[0].children(recursive=True)
    assert backends
    # When it is killed
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    # Then the servers end, with all their processes
    until(lambda: not any(process.is_running() for process in (*servers, *backends)), "the end of the servers")
