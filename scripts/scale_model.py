"""Writes the model of docs/scale.md from benchmarks/scale.json: what a rate takes, and what is saturated first.

make bench-scale && python scripts/scale_model.py
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "benchmarks" / "scale.json"
PAGE = ROOT / "docs" / "scale.md"

BEGIN, END = "<!-- model: written by scripts/scale_model.py -->\n", "<!-- end of model -->\n"

RATES = (1_000, 10_000, 100_000, 1_000_000)
"""Transactions a second that the model is asked for."""

LAYOUT = {"api": 2, "workers": 2, "valkey": "one"}
"""Whose costs are taken."""

BUSY = 0.7
"""The share of a processor that is planned with: the rest is for peaks, and the specification's alarm is at 70 %."""

POSTGRES_CORES = 64
"""Processors of a large server for one PostgreSQL."""

WAL_BYTES = 400e6
"""WAL that one server writes, archives and sends to two replicas, in bytes a second: a fast volume, some 10 Gbit/s."""

NETWORK_BYTES = 1_000e6
"""What a node of Valkey moves, in bytes a second: 10 Gbit/s, less headers."""

DAYS = 30
"""Days of a month."""


def main() -> None:
    """Writes the section anew."""
    PAGE.write_text(page(PAGE.read_text(), msgspec.json.decode(FIGURES.read_bytes())))


def page(text: str, figures: dict[str, Any]) -> str:
    """The page with this model in place of the one it has."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + "\n" + "\n".join(_lines(figures)) + "\n" + END + rest.partition(END)[2]


def saturations(one: dict[str, Any]) -> dict[str, float]:
    """The rate at which each part that there is once is full, in transactions a second, sent one by one."""
    cpu, left = one["single_cpu_by_kind"], one["footprint"]
    return {
        "one processor's share of Valkey": BUSY * 1e6 / cpu["valkey"],
        "the network of one Valkey": NETWORK_BYTES / (left["valkey_in"] + left["valkey_out"]),
        f"{POSTGRES_CORES} processors of PostgreSQL": POSTGRES_CORES * BUSY * 1e6 / cpu["postgresql"],
        "PostgreSQL's WAL": WAL_BYTES / left["wal"],
    }


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    one = next(found for found in figures["instances"] if found["layout"] == LAYOUT)
    machine, left = figures["machine"], one["footprint"]
    yield f"{machine['processor']}, {machine['cores']} cores; {figures['date'][:10]}.\n"
    yield "| a transaction costs | sent singly | in batches of 500 |"
    yield "| --- | --- | --- |"
    for kind, name in _KINDS.items():
        yield f"| {name}, µs of CPU | {one['single_cpu_by_kind'][kind]} | {one['batch_cpu_by_kind'][kind]} |"
    yield f"| WAL, on disk, bytes | {left['wal']:,} | {left['disk']:,} |"
    yield f"| to Valkey, from Valkey, bytes | {left['valkey_in']:,} | {left['valkey_out']:,} |\n"
    yield "| full first, where it is there once | at transactions a second |"
    yield "| --- | --- |"
    for name, rate in sorted(saturations(one).items(), key=lambda item: item[1]):
        yield f"| {name} | {_rounded(rate):,} |"
    yield ""
    yield "| a second | API, balancer | workers | PostgreSQL | Valkey | WAL, MB/s | disk a month |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    yield from (_needs(rate, one) for rate in RATES)


_KINDS = {
    "api": "API",
    "caddy": "balancer",
    "worker": "worker",
    "postgresql": "PostgreSQL",
    "valkey": "Valkey",
}


def _needs(rate: int, one: dict[str, Any]) -> str:
    cpu, left = one["single_cpu_by_kind"], one["footprint"]
    cores = {kind: math.ceil(rate * us / 1e6 / BUSY) for kind, us in cpu.items()}
    moved = rate * (left["valkey_in"] + left["valkey_out"])
    nodes = max(cores["valkey"], math.ceil(moved / NETWORK_BYTES))
    disk = rate * left["disk"] * 86_400 * DAYS / 1e12
    servers = max(math.ceil(cores["postgresql"] / POSTGRES_CORES), math.ceil(rate * left["wal"] / WAL_BYTES))
    front = cores["api"] + cores["caddy"]
    wal = rate * left["wal"] / 1e6
    return (
        f"| {rate:,} | {front:,} cores | {cores['worker']:,} cores | {cores['postgresql']:,} cores, {servers} primaries"
        f" | {nodes:,} masters | {wal:,.0f} | {disk:,.1f} TB |"
    )


def _rounded(rate: float) -> int:
    digits = len(str(int(rate))) - 2
    return int(round(rate, -digits))


if __name__ == "__main__":
    main()
