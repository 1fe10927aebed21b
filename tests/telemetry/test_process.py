"""What a process shows of itself: processor, memory, and an event loop that is held up."""

import asyncio
import time

from prometheus_client import REGISTRY

from riskengine.telemetry import process

WORKER = {"role": "worker"}


def _late(bound: str) -> float:
    """How often something was due and came later than that."""
    name = "riskengine_event_loop_delay_seconds"
    within = REGISTRY.get_sample_value(f"{name}_bucket", WORKER | {"le": bound}) or 0.0
    return (REGISTRY.get_sample_value(f"{name}_count", WORKER) or 0.0) - within


async def _all_due() -> None:
    """Returns when what fell due was noted."""
    await asyncio.sleep(process.EVERY)


async def test_a_loop_that_is_held_up_is_late_for_all_that_was_due_meanwhile() -> None:
    async with process.measured("worker", 256):
        await _all_due()
        before = _late("0.1")
        # When something holds the event loop up for as long as five things take to fall due
        time.sleep(5 * process.EVERY)  # noqa: ASYNC251  (just that is measured)
        await _all_due()
        # Then it was late for several of them, not for the first alone
        assert _late("0.1") - before >= 3


async def test_processor_and_memory_are_those_of_now() -> None:
    async with process.measured("worker", 512):
        before = REGISTRY.get_sample_value("riskengine_cpu_seconds_total", WORKER) or 0.0
        # When the process computes, and holds more
        while time.process_time() < before + 0.1:
            pass
        least = REGISTRY.get_sample_value("riskengine_memory_bytes", WORKER) or 0.0
        held = b"x" * (64 << 20)
        # Then it shows both
        assert (REGISTRY.get_sample_value("riskengine_cpu_seconds_total", WORKER) or 0.0) >= before + 0.1
        memory = REGISTRY.get_sample_value("riskengine_memory_bytes", WORKER) or 0.0
        assert memory > least + len(held) / 2
        ratio = REGISTRY.get_sample_value("riskengine_memory_ratio", WORKER) or 0.0
        assert abs(ratio - memory / (512 << 20)) < 0.1
