"""Putting messages on the queue as a step of the traces they are part of."""

from collections.abc import Sequence

from msgspec.structs import replace

from riskengine.streaming.queue import Outgoing, Queue
from riskengine.telemetry import tracing


async def send(queue: Queue, items: Sequence[Outgoing]) -> int:
    """Publishes, as `Queue.publish` does. What is traced carries the step in which it was sent."""
    origins = [item.origin for item in items]
    step = tracing.sending(origins) if any(origins) else None
    if step is None:
        return await queue.publish(items)
    with step:
        carried = zip(items, step.origins, strict=True)
        return await queue.publish([replace(i, origin=origin) if i.origin else i for i, origin in carried])
