"""Time that passes when a test says so."""


class Clock:
    """Seconds that only grow."""

    def __init__(self, seconds: float = 12_345.678) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds
