"""What answers statements that only read."""

from typing import Protocol

from riskengine.storage.database import Row


class Reader(Protocol):
    """A `Database`, which is the truth, or `Reads`, which may answer from a replica what bears that."""

    async def fetch(self, query: str, *arguments: object) -> list[Row]:
        """The rows of the named statement. Raises Unavailable."""
        ...

    async def fetch_one(self, query: str, *arguments: object) -> Row | None:
        """The first row of the named statement, or None. Raises Unavailable."""
        ...
