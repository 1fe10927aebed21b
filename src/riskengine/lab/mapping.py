"""Which column of a file holds which field of a transaction."""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from riskengine.domain.errors import ConfigurationError

REQUIRED = ("account_id", "amount", "currency", "occurred_at")
FIELDS = (
    *REQUIRED,
    "transaction_id",
    "merchant",
    "merchant_category",
    "location",
    "latitude",
    "longitude",
    "country",
    "channel",
    "device_id",
    "ip",
    "beneficiary",
    "card_bin",
    "metadata",
    "idempotency_key",
    "label",
    "attack",
)

CONSTANT = ":"
"""What begins a constant in place of a column's name."""


class ColumnMapping(msgspec.Struct, frozen=True):
    """From fields to columns, and from fields to one value for all rows. Any other has its own name."""

    columns: dict[str, str] = {}
    constants: dict[str, str] = {}

    @classmethod
    def parse(cls, pairs: Iterable[str]) -> "ColumnMapping":
        """A mapping from pairs as they are typed: `account_id=CUSTOMER_ID`, or `currency=:EUR` for a constant.

        Raises ConfigurationError for a pair that is none, and for a field that does not exist.
        """
        columns, constants = {}, {}
        for pair in pairs:
            field, separator, source = pair.partition("=")
            if not separator or not source:
                raise ConfigurationError(f"'{pair}' is no mapping; write field=column, or field=:value for a constant")
            if field not in FIELDS:
                raise ConfigurationError(f"no field is called '{field}'; the fields are {', '.join(FIELDS)}")
            if source.startswith(CONSTANT):
                constants[field] = source.removeprefix(CONSTANT)
            else:
                columns[field] = source
        return cls(columns, constants)

    def over(self, base: "ColumnMapping") -> "ColumnMapping":
        """The base mapping, except for the fields that this one maps."""
        own = self.columns.keys() | self.constants.keys()
        return ColumnMapping(
            _without(base.columns, own) | self.columns,
            _without(base.constants, own) | self.constants,
        )

    def by_own_name(self) -> dict[str, str]:
        """The column of each field in a file whose columns are not known beforehand."""
        return {field: field for field in FIELDS if field not in self.constants} | self.columns

    def resolve(self, present: Collection[str], filled: Collection[str] = ()) -> dict[str, str]:
        """The column of each field that the file has one for; `filled` are fields that come from elsewhere.

        Raises ConfigurationError if a mapped column, or one for a required field, is not `present`.
        """
        missing = [column for column in self.columns.values() if column not in present]
        unfilled = set(REQUIRED) - self.columns.keys() - self.constants.keys() - set(filled) - set(present)
        missing += [field for field in REQUIRED if field in unfilled]
        if missing:
            raise ConfigurationError(
                f"the file has no column '{missing[0]}'; its columns are {', '.join(present)}. "
                "Say which column holds a field with --map field=column, or give a constant with --map field=:value"
            )
        taken = self.constants.keys() | set(filled)
        own_names = {field: field for field in FIELDS if field in present and field not in taken}
        return own_names | self.columns


def _without(entries: Mapping[str, str], keys: Collection[str]) -> dict[str, str]:
    return {key: value for key, value in entries.items() if key not in keys}
