"""Prometheus and its promtool, for tests: from PATH, or else from Debian's package, unpacked without root."""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import msgspec
import pytest

PATIENCE_S = 120
"""Seconds for a package list or a package: 20 MB."""

_PACKAGE = "prometheus"
_PROGRAMS = ("prometheus", "promtool")


class Programs(msgspec.Struct, frozen=True):
    """Where they are."""

    prometheus: Path
    promtool: Path


def programs() -> Programs:
    """The programs; skips the test, with the reason, where they cannot be had."""
    try:
        return _found()
    except OSError as error:
        pytest.skip(f"promtool is not here and Debian's package cannot be had: {error}")


@cache
def _found() -> Programs:
    installed = [shutil.which(program) for program in _PROGRAMS]
    if None not in installed:
        return Programs(*(Path(str(path)) for path in installed))
    home = _cache() / _PACKAGE
    if not home.exists():
        _unpack(home)
    return Programs(*(home / "usr" / "bin" / program for program in _PROGRAMS))


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "riskengine-tests"


def _unpack(home: Path) -> None:
    """Gets the package and unpacks it there, whole or not at all: others may do so at the same moment."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as draft:
        work = Path(draft)
        package = _download(work)
        _run(["dpkg-deb", "-x", package.name, "whole"], work)
        try:
            (work / "whole").rename(home)
        except OSError:
            if not home.exists():
                raise


def _download(work: Path) -> Path:
    """The package, by the lists that are here; else by new ones, in a directory of our own."""
    ours = ["-o", f"Dir::State::Lists={work}/lists", "-o", f"Dir::Cache={work}/cache"]
    try:
        _run(["apt-get", "download", _PACKAGE], work)
    except OSError:
        for part in ("lists/partial", "cache/archives/partial"):
            (work / part).mkdir(parents=True)
        _run(["apt-get", *ours, "update"], work)
        _run(["apt-get", *ours, "download", _PACKAGE], work)
    return next(work.glob("*.deb"))


def _run(command: list[str], directory: Path) -> None:
    """Runs it. Raises OSError with the end of what it said."""
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"{command[0]} took longer than {PATIENCE_S} s") from error
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise OSError(f"{command[0]} failed: {''.join(last)}")
