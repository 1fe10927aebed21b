"""A running stack to measure on: the real engine, or the raw limit with constant workers in place of the real ones."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.load import BenchmarkError
from riskengine.client.closed_loop import NotTakenError
from riskengine.stack.process import Process, Program, stop_all
from riskengine.stack.stack import Stack

API, WORKERS = 2, 2
_STOP_TIMEOUT_S = 5.0
_ROOT = Path(__file__).parents[1]


@contextmanager
def engine() -> Iterator[Stack]:
    """The whole engine."""
    with Stack(api=API, workers=WORKERS) as stack:
        yield stack


@contextmanager
def raw() -> Iterator[Stack]:
    """The same, but as many constant workers in place of the workers."""
    with Stack(api=API, workers=0) as stack, ExitStack() as undo:
        workers = [Process(_constant_worker(stack, number)) for number in range(1, WORKERS + 1)]
        undo.callback(stop_all, workers, _STOP_TIMEOUT_S)
        for worker in workers:
            worker.start()
        try:
            yield stack
        except (BenchmarkError, NotTakenError) as error:
            for worker in workers:
                error.add_note(worker.log_tail())
            raise


def _constant_worker(stack: Stack, number: int) -> Program:
    name = f"constant-worker-{number}"
    return Program(
        name=name,
        arguments=(sys.executable, "-m", "benchmarks.constant_worker"),
        directory=_ROOT,
        log=Path(stack.balancer.process.program.log).with_name(f"{name}.log"),
        environment={**os.environ, "DATABASE_URL": stack.database_url, "REDIS_URL": stack.redis_url},
    )
