"""`riskengine doctor`: a line for each check, and an exit code for machines."""

import os
import subprocess
import sys


def doctor(database_url: str, redis_url: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "COLUMNS": "200"}
    command = [sys.executable, "-m", "riskengine", "doctor"]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


def test_it_shows_all_and_fails_only_where_something_does(database_url: str, redis_url: str) -> None:
    shown = doctor(database_url, redis_url)
    assert shown.returncode == 0, shown.stderr
    assert " ok    schema " in shown.stdout
    assert " warn  processes " in shown.stdout
    shown = doctor(database_url, "redis://127.0.0.1:1/0")
    assert shown.returncode == 1
    assert " fail  Valkey " in shown.stdout
    assert " ok    schema " in shown.stdout
    assert "Traceback" not in shown.stderr
