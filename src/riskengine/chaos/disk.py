"""A small disk of its own for PostgreSQL, so that it can be full while the machine's is not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Self

from riskengine.domain.errors import RiskEngineError

_LAST_BYTES = 4096


class NoDiskError(RiskEngineError):
    """This machine does not let us make a disk; the message says why."""


class Disk:
    """A file system in memory, mounted at `directory`; a context manager that takes it away at the end."""

    def __init__(self, directory: Path, megabytes: int) -> None:
        self._directory = directory
        self._megabytes = megabytes
        self._ballast = directory / "ballast"

    def __enter__(self) -> Self:
        """Raises NoDiskError where that is not allowed."""
        if sys.platform != "linux" or os.geteuid() != 0 or (mount := shutil.which("mount")) is None:
            raise NoDiskError("a disk can be made only by root on Linux, with the program mount")
        self._directory.mkdir(parents=True, exist_ok=True)
        options = f"size={self._megabytes}m,mode=0700"
        made = subprocess.run(
            [mount, "-t", "tmpfs", "-o", options, "tmpfs", self._directory], check=False, capture_output=True, text=True
        )
        if made.returncode != 0:
            raise NoDiskError(f"this machine does not let us mount a file system: {made.stderr.strip()}")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", self._directory], check=False, capture_output=True)

    def fill(self) -> None:
        """Leaves no room."""
        with self._ballast.open("ab") as ballast:
            size = self._free()
            while size >= _LAST_BYTES:
                try:
                    os.posix_fallocate(ballast.fileno(), os.fstat(ballast.fileno()).st_size, size)
                    size = self._free()
                except OSError:  # PostgreSQL was faster
                    size //= 2

    def empty(self) -> None:
        """Gives the room back."""
        self._ballast.unlink(missing_ok=True)

    def _free(self) -> int:
        room = os.statvfs(self._directory)
        return room.f_bavail * room.f_frsize
