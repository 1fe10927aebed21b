"""One stack a data directory."""

import os
from pathlib import Path

import pytest

from riskengine.stack.errors import StackError
from riskengine.stack.lock import DirectoryLock


def test_a_second_stack_is_told_who_holds_the_directory(tmp_path: Path) -> None:
    # Given a directory that is held
    first, second = DirectoryLock(tmp_path), DirectoryLock(tmp_path)
    first.acquire()
    # When another wants it, then it is told by whom
    with pytest.raises(StackError, match=f"process {os.getpid()} runs a stack in {tmp_path}.*--data-dir"):
        second.acquire()
    # When it is given back, then the other may have it
    first.release()
    second.acquire()
    second.release()
