"""Months of UTC: what transactions and decisions are partitioned, kept and archived by."""

import re
from datetime import UTC, datetime

import msgspec

from riskengine.domain import clock
from riskengine.domain.errors import FieldError, InvalidInput

_WRITTEN = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


class Month(msgspec.Struct, frozen=True, order=True):
    """A month of a year, 1 to 12. Months are in order of time."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @classmethod
    def of(cls, ms: int) -> "Month":
        """The month that a time (ms since the epoch) lies in."""
        moment = clock.to_datetime(ms)
        return cls(moment.year, moment.month)

    @classmethod
    def read(cls, text: str) -> "Month":
        """The month of a text such as 2026-03. Raises InvalidInput."""
        found = _WRITTEN.fullmatch(text)
        if found is None or not 1970 <= int(found[1]) < 9999:
            raise InvalidInput(
                (FieldError("month", "write it as year and month, such as 2026-03"),), f"{text} is no month"
            )
        return cls(int(found[1]), int(found[2]))

    @property
    def suffix(self) -> str:
        """What the names of its partitions end with: YYYY_MM."""
        return f"{self.year:04}_{self.month:02}"

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def start_ms(self) -> int:
        """Its first moment, in milliseconds since the epoch."""
        return clock.to_ms(self.start)

    @property
    def end_ms(self) -> int:
        """The first moment that is no longer in it (ms)."""
        return self.plus(1).start_ms

    def plus(self, months: int) -> "Month":
        """The month so many later; earlier, if it is negative."""
        count = self.year * 12 + self.month - 1 + months
        return Month(count // 12, count % 12 + 1)
