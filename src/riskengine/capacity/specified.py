"""The specification's capacity table (P1), to be shown beside what is computed."""

import msgspec


class Specified(msgspec.Struct, frozen=True):
    """A scenario: transactions a second, API processes, workers, and connections to PostgreSQL."""

    name: str
    tps: float
    api: int
    workers: int
    connections: int


SPECIFIED = (
    Specified("Low", 50, 1, 1, 30),
    Specified("Medium", 200, 2, 2, 50),
    Specified("High", 500, 4, 5, 80),
    Specified("Peak", 1000, 8, 10, 150),
)
"""As it says."""
