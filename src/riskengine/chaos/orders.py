"""Orders to fail, laid out for the engine's processes: see `riskengine.resilience.failpoints`."""

from collections.abc import Sequence
from pathlib import Path


class Orders:
    """A directory for each process, in which it looks for a file of a fail point's name."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def of(self, process: str) -> Path:
        """The directory in which the process of that name looks; it is there then."""
        directory = self._directory / process
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def place(self, processes: Sequence[str], point: str, words: str) -> None:
        """Orders what the words say of these processes, each when it comes to the point."""
        for process in processes:
            draft = self._directory / f"{process} {point}"
            draft.write_text(words)
            draft.rename(self.of(process) / point)

    def waiting(self, processes: Sequence[str], point: str) -> list[str]:
        """Those of the processes that have not taken their order."""
        return [process for process in processes if (self.of(process) / point).exists()]

    def withdraw(self, processes: Sequence[str], point: str) -> list[str]:
        """Takes the orders back, and says who had taken theirs."""
        taken = []
        for process in processes:
            try:
                (self.of(process) / point).unlink()
            except FileNotFoundError:
                taken.append(process)
        return taken
