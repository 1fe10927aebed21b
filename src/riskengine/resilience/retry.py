"""When what failed is tried again."""

import msgspec


class Schedule(msgspec.Struct, frozen=True):
    """How often a failed message is tried again, and after how long: twice as long each time.

    `first_ms` is the wait before the first further try, in milliseconds; `jitter` the share by which each wait varies
    either way, so that what failed together does not come back together.
    """

    attempts: int = 3
    first_ms: int = 1_000
    jitter: float = 0.1

    @property
    def delays(self) -> list[float]:
        """The seconds to wait before each further try, without jitter."""
        return [self.first_ms / 1000 * 2**number for number in range(self.attempts)]
