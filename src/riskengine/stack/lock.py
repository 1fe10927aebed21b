"""One stack at a time works in a data directory."""

import fcntl
import os
from pathlib import Path

from riskengine.stack.errors import StackError


class DirectoryLock:
    """The directory's file `lock`, locked by the process that works there; the kernel frees it if that one dies."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Takes the lock. Raises StackError, with the holder's process id, if another process has it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 20).decode().strip() or "unknown"
            os.close(descriptor)
            raise StackError(
                f"process {holder} runs a stack in {self._path.parent}: stop it, or choose another --data-dir"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Gives the lock back, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def held(directory: Path) -> bool:
    """Whether a process works in the directory, and not only left its files. Raises StackError if one may not look."""
    try:
        descriptor = os.open(directory / "lock", os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StackError(f"{directory} cannot be looked into ({error.strerror}): be the user who runs it") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
