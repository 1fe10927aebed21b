"""The part of a running stack that looks for what is wanted, does it, and shows what there is."""

import os
import threading
from contextlib import suppress
from pathlib import Path

import structlog

from riskengine.stack.crew import Crew
from riskengine.stack.errors import StackError
from riskengine.stack.standing import Counts, Standing, Wanted

_LOOK_S = 0.2
"""Between two looks: short for who waits for an answer, and far apart for a processor."""

log = structlog.get_logger(__name__)


class Governor:
    """Makes the crew what the files of `directory` want (`scaling` writes them), one request after the other.

    Its thread starts processes, and so lives until the crew is gone: stop it after the crew.
    """

    def __init__(self, directory: Path, crew: Crew, counts: Counts) -> None:
        self._directory = directory
        self._crew = crew
        self._counts = counts
        self._number = 0
        self._refusal: str | None = None
        self._shown: Standing | None = None
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._run, name="governor", daemon=True)

    def start(self) -> None:
        """Takes requests from now on, and shows what there is."""
        self._show()
        self._thread.start()

    def stop(self) -> None:
        """Takes no more requests, and shows nothing any more."""
        self._leave.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._leave.wait(_LOOK_S):
            wanted = Wanted.read(self._directory)
            if wanted is not None and wanted.number > self._number:
                self._meet(wanted)
            self._show()

    def _meet(self, wanted: Wanted) -> None:
        """Makes it so, or says why it is as before."""
        counts = wanted.counts
        try:
            self._crew.scale(counts, self._show)
        except (StackError, OSError) as error:
            self._refusal = str(error)
            log.warning("scale_refused", api=counts.api, worker=counts.worker, reason=self._refusal)
        else:
            self._refusal = None
            self._counts = counts
            log.info("scaled", api=counts.api, worker=counts.worker)
        self._number = wanted.number

    def _show(self) -> None:
        """Writes what there is, if that is not what was written last."""
        instances = tuple(part.instance for part in (*self._crew.api, *self._crew.workers))
        now = Standing(os.getpid(), self._number, self._counts, self._refusal, instances)
        if now != self._shown:
            with suppress(OSError):  # a full disk: the next look tries again
                now.write(self._directory)
                self._shown = now
