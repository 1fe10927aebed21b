"""What is asked of a run."""

from pathlib import Path

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`minutes` of load at `rate` payments a second, with faults of these kinds (all, if none is named).

    With `keep` the logs, the schedule, the measurements and the findings stay in that directory.
    """

    minutes: float
    seed: int
    faults: tuple[str, ...]
    rate: float
    keep: Path | None

    @property
    def seconds(self) -> float:
        """How long faults and load last."""
        return self.minutes * 60

    @property
    def command(self) -> str:
        """What repeats this run."""
        words = ["riskengine chaos", f"--minutes {self.minutes:g}", f"--seed {self.seed}", f"--rate {self.rate:g}"]
        if self.faults:
            words.append(f"--faults {','.join(self.faults)}")
        return " ".join(words)
