"""One autoscaler at a time acts on a stack."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from riskengine.stack.errors import StackError

_FILE = "autoscale.lock"


@contextmanager
def only_one(directory: Path) -> Iterator[None]:
    """Keeps others from scaling the stack of the directory; the kernel lets them if this process dies.

    Raises StackError, with the holder's process id, if another process does so already.
    """
    descriptor = os.open(directory / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode().strip() or "unknown"
            raise StackError(
                f"process {holder} scales the stack in {directory} already: stop that one first, or look with --dry-run"
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
