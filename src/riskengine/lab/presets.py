"""Mappings of public data sets, with the small adaptations that a mapping of columns cannot say."""

from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from riskengine.domain import currencies
from riskengine.domain.errors import ConfigurationError
from riskengine.lab.mapping import ColumnMapping
from riskengine.lab.sources import RawRow, open_source

Adapter = Callable[[RawRow], dict[str, Any]]
"""From a raw row to the fields that no column holds as they should be."""

DEGREES_PER_GRID_UNIT = 0.1
"""The handbook's places lie on a grid of 100 x 100; as degrees / 10 they are a country's size."""
CARD_DIGEST = 32
"""Hexadecimal digits of SHA-256 that stand for a card number: 128 bits, no two cards meet."""


class Preset(msgspec.Struct, frozen=True):
    """How to read one data set. `reads` are the raw columns its adapter needs, `fills` the fields it gives."""

    mapping: ColumnMapping
    reads: tuple[str, ...] = ()
    fills: tuple[str, ...] = ()
    adapter: Callable[[Path], Adapter] = lambda path: lambda row: {}


def preset(name: str) -> Preset:
    """The preset of the given name. Raises ConfigurationError if there is none."""
    if name not in PRESETS:
        raise ConfigurationError(f"no preset is called '{name}'; the presets are {', '.join(PRESETS)}")
    return PRESETS[name]


def _handbook(path: Path) -> Adapter:
    """Places of the terminals, if handbook_terminals.parquet lies beside the file."""
    terminals = path.with_name("handbook_terminals.parquet")
    if not terminals.is_file():
        return lambda row: {}
    places = {
        str(row["TERMINAL_ID"]): {
            "latitude": round(row["y_terminal_id"] * DEGREES_PER_GRID_UNIT, 6),
            "longitude": round(row["x_terminal_id"] * DEGREES_PER_GRID_UNIT, 6),
        }
        for row in open_source(terminals).rows(None)
    }
    return lambda row: places.get(str(row["TERMINAL_ID"]), {})


def _sparkov(_: Path) -> Adapter:
    """Card numbers leave their file only as digests; shops on the net have a category that says so."""

    def adapt(row: RawRow) -> dict[str, Any]:
        return {
            "account_id": sha256(str(row["cc_num"]).encode()).hexdigest()[:CARD_DIGEST],
            "channel": "online" if str(row["category"]).endswith("_net") else "pos",
        }

    return adapt


def _retail(_: Path) -> Adapter:
    """Amounts are in minor units: cents, or whatever the currency has."""

    def adapt(row: RawRow) -> dict[str, Any]:
        places = currencies.places(row["currency"]) or 0
        present = str(row["customer_present"]).lower() == "true"
        return {
            "amount": Decimal(str(row["amount"])).scaleb(-places),
            "channel": "pos" if present else "online",
        }

    return adapt


PRESETS = {
    "handbook": Preset(
        ColumnMapping(
            columns={
                "transaction_id": "TRANSACTION_ID",
                "account_id": "CUSTOMER_ID",
                "occurred_at": "TX_DATETIME",
                "amount": "TX_AMOUNT",
                "merchant": "TERMINAL_ID",
                "label": "TX_FRAUD",
                "attack": "TX_FRAUD_SCENARIO",
            },
            constants={"currency": "EUR", "country": "BE", "channel": "pos"},
        ),
        fills=("latitude", "longitude"),
        reads=("TERMINAL_ID",),
        adapter=_handbook,
    ),
    "sparkov": Preset(
        ColumnMapping(
            columns={
                "transaction_id": "tx_id",
                "occurred_at": "ts",
                "amount": "amt",
                "merchant": "merchant",
                "merchant_category": "category",
                "latitude": "merch_lat",
                "longitude": "merch_long",
                "label": "is_fraud",
            },
            constants={"currency": "USD", "country": "US"},
        ),
        reads=("cc_num", "category"),
        fills=("account_id", "channel"),
        adapter=_sparkov,
    ),
    "retail": Preset(
        ColumnMapping(
            columns={
                "transaction_id": "id",
                "account_id": "card_id",
                "occurred_at": "datetime",
                "merchant": "store_id",
                "location": "region",
                "latitude": "lat",
                "longitude": "lng",
                "label": "fraud",
            },
        ),
        reads=("amount", "currency", "customer_present"),
        fills=("amount", "channel"),
        adapter=_retail,
    ),
}
