"""The disk that can be full."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from riskengine.chaos.disk import Disk, NoDiskError

MEGABYTES = 4


def _write(path: Path) -> None:
    with path.open("wb") as file:
        file.write(bytes(64 << 10))
        file.flush()
        os.fsync(file.fileno())


def test_full_is_full_and_room_comes_back(tmp_path: Path) -> None:
    with ExitStack() as lasting:
        # Given a small disk of its own, where the machine allows it
        try:
            disk = lasting.enter_context(Disk(tmp_path / "disk", MEGABYTES))
        except NoDiskError as error:
            pytest.skip(str(error))
        _write(tmp_path / "disk" / "before")
        # When it is filled, then nothing can be written
        disk.fill()
        with pytest.raises(OSError, match="No space left"):
            _write(tmp_path / "disk" / "meanwhile")
        # And after that there is room again
        disk.empty()
        _write(tmp_path / "disk" / "after")
    # And in the end it is gone with all that was on it
    assert list((tmp_path / "disk").iterdir()) == []
    assert str(tmp_path) not in Path("/proc/mounts").read_text()


def test_where_it_is_not_allowed_it_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NoDiskError, match="only by root"):
        Disk(tmp_path / "disk", MEGABYTES).__enter__()
