"""The check of pins goes red when it should."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HASH = f"--hash=sha256:{'0' * 64}"

faults = runpy.run_path(str(ROOT / "scripts" / "check_pins.py"))["faults"]


def test_the_lock_file_is_as_it_should_be() -> None:
    assert faults((ROOT / "requirements.lock").read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        f"sample==1.0 {HASH}",
        f"sample[extra]==1.0.post1 \\\n    {HASH} \\\n    {HASH}",
        f"sample==1.0 ; python_full_version < '3.12' and sys_platform == 'linux' {HASH}",
    ],
)
def test_a_version_with_its_hashes_is_a_pin(line: str) -> None:
    assert faults(line) == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://packages.example/simple",
        "--extra-index-url=packages.example",
        "-i packages.example",
        "--find-links ../wheels",
        "--trusted-host packages.example",
        "-e .",
        f"sample @ https://packages.example/sample-1.0.whl {HASH}",
        f"https://packages.example/sample-1.0.whl {HASH}",
        f"./wheels/sample-1.0.whl {HASH}",
        f"sample==1.0 {HASH} --index-url=https://packages.example",
    ],
)
def test_a_place_or_an_option_is_a_fault(line: str) -> None:
    assert len(faults(f"other==2.0 {HASH}\n{line}")) == 1


@pytest.mark.parametrize("line", [f"sample>=1.0 {HASH}", f"sample {HASH}", f"sample==1.* {HASH}", "sample==1.0"])
def test_an_open_version_or_a_missing_hash_is_a_fault(line: str) -> None:
    assert len(faults(line)) == 1


def test_an_empty_file_pins_nothing() -> None:
    assert faults("# nothing\n") == ["is empty"]
