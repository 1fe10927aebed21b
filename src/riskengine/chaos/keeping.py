"""What is kept of a run: one JSON file with the schedule, what happened, what was measured and what was found."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from riskengine.chaos.options import Options
from riskengine.chaos.play import Outcome
from riskengine.chaos.schedule import Planned

FILE = "chaos.json"
"""Its name in the directory that is kept."""


def keep(directory: Path, options: Options, plan: Sequence[Planned], outcome: Outcome) -> Path:
    """Writes the file, and says where it is."""
    kept = {
        "command": options.command,
        "schedule": [{"at_s": one.at_s, "name": one.fault.name, "detail": one.fault.detail} for one in plan],
        "outcome": outcome,
    }
    path = directory / FILE
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1))
    return path
