"""The simulator beside a real queue: a spike on a stack, and what was foretold of it."""

import subprocess
import sys
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]


def test_a_real_spike_is_about_as_foretold(tmp_path: Path) -> None:
    # When some thousand transactions come faster than one worker decides, whose speed was measured just before
    output, picture = tmp_path / "whatif.json", tmp_path / "whatif.svg"
    command = [sys.executable, "-m", "benchmarks.whatif", "--quick", "--output", str(output), "--picture", str(picture)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    # Then they piled up, and about as many as foretold: within a factor of 2, as the machine has others to serve
    (run,) = msgspec.json.decode(output.read_bytes())["runs"]
    assert run["peak"] > 300
    assert 0.5 < run["foretold_peak"] / run["peak"] < 2
    assert run["error"] < 0.5
    assert "<svg" in picture.read_text()
