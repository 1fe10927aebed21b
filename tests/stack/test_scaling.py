"""Asking for more or fewer processes where no stack can give them."""

from pathlib import Path

import pytest

from riskengine.domain.errors import InvalidInput
from riskengine.stack import scaling
from riskengine.stack.errors import StackError
from riskengine.stack.lock import DirectoryLock
from riskengine.stack.standing import Counts, Instance, Kind, Standing, State, Wanted

LEFT = Standing(1, 0, Counts(1, 1), None, (Instance("api-1", Kind.API, 2, 20_000, State.RUNNING),))


def test_what_a_dead_stack_left_is_no_stack(tmp_path: Path) -> None:
    # Given all files of a stack, but no process that holds the lock
    LEFT.write(tmp_path)
    (tmp_path / "lock").write_text("1\n")
    # When it is asked for something, then that is refused, and nothing is asked of whoever comes next
    with pytest.raises(StackError, match=f"no stack runs in {tmp_path}"):
        scaling.present(tmp_path)
    with pytest.raises(StackError, match=f"no stack runs in {tmp_path}"):
        scaling.scale(tmp_path, worker=2)
    assert Wanted.read(tmp_path) is None


@pytest.mark.parametrize("directory", ["nowhere", "file"])
def test_a_place_without_a_stack_is_named(tmp_path: Path, directory: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=f"no stack runs in {tmp_path / directory}.*--data-dir"):
        scaling.present(tmp_path / directory)


def test_a_stack_that_is_not_up_yet_is_to_be_waited_for(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path)
    lock.acquire()
    with pytest.raises(StackError, match="not up yet"):
        scaling.scale(tmp_path, api=2)
    lock.release()


@pytest.mark.parametrize(("api", "worker", "named"), [(0, 33, ["api", "worker"]), (None, -1, ["worker"])])
def test_counts_out_of_range_are_named(tmp_path: Path, api: int | None, worker: int, named: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        scaling.scale(tmp_path, api=api, worker=worker)
    assert [field.path for field in refused.value.fields] == named
