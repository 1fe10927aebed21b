"""The names of the streams that transactions are queued on."""

from riskengine.domain.stream_partition import MOST_PARTITIONS, tag

STREAM = "transactions"
"""The stream, where there is one partition; each of several has its tag behind it: `transactions:{3}`."""


def names(partitions: int) -> list[str]:
    """The streams of so many partitions, in order."""
    return [STREAM] if partitions == 1 else [f"{STREAM}:{tag(partition)}" for partition in range(partitions)]


def every() -> list[str]:
    """All streams there may be, whatever the number of partitions."""
    return [*names(1), *names(MOST_PARTITIONS)]
