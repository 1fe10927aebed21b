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

MODEL, LAYOUTS = "model", "layouts"
"""The parts of the page that are written here."""

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

VOLUME_BYTES = 64e12
"""The largest volume that clouds give to one server, about."""

KEPT_DAYS = 92
"""Days that stay in PostgreSQL: what histories of 31 days may be made of again, by whole months."""


def main() -> None:
    """Writes the section anew."""
    PAGE.write_text(page(PAGE.read_text(), msgspec.json.decode(FIGURES.read_bytes())))


def page(text: str, figures: dict[str, Any]) -> str:
    """The page with these figures in place of those it has."""
    return _put(_put(text, MODEL, _lines(figures)), LAYOUTS, _layouts(figures))


def _put(text: str, name: str, lines: Iterator[str]) -> str:
    begin, end = f"<!-- {name}: written by scripts/scale_model.py -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = text.partition(begin)
    return before + begin + "\n" + "\n".join(lines) + "\n" + end + rest.partition(end)[2]


def saturations(one: dict[str, Any]) -> dict[str, float]:
    """The rate at which each part that there is once is full, in transactions a second, sent one by one."""
    cpu, left = one["single_cpu_by_kind"], one["footprint"]
    return {
        "one processor's share of Valkey": BUSY * 1e6 / cpu["valkey"],
        "the network of one Valkey": NETWORK_BYTES / (left["valkey_in"] + left["valkey_out"]),
        f"{POSTGRES_CORES} processors of PostgreSQL": POSTGRES_CORES * BUSY * 1e6 / cpu["postgresql"],
        "PostgreSQL's WAL": WAL_BYTES / left["wal"],
        "PostgreSQL's volume, day and night at that rate": VOLUME_BYTES / (left["disk"] * KEPT_DAYS * 86_400),
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
    yield (
        "| a second | API, balancer: cores | workers: cores | PostgreSQL: cores, primaries | masters of Valkey"
        " | WAL, MB/s | disk, TB |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    yield from (_needs(rate, one) for rate in RATES)


_KINDS = {
    "api": "API",
    "caddy": "balancer",
    "worker": "worker",
    "postgresql": "PostgreSQL",
    "valkey": "Valkey",
}


def _layouts(figures: dict[str, Any]) -> Iterator[str]:
    yield "| API, workers | Valkey | singles: TPS, CPU of one | batches: TPS, CPU of one |"
    yield "| --- | --- | --- | --- |"
    for one in figures["instances"]:
        layout = one["layout"]
        yield (
            f"| {layout['api']}, {layout['workers']} | {layout['valkey']}"
            f" | {one['single_tps']:,}, {one['single_cpu_us']:,} µs"
            f" | {one['batch_tps']:,}, {one['batch_cpu_us']:,} µs |"
        )


def _needs(rate: int, one: dict[str, Any]) -> str:
    cpu, left = one["single_cpu_by_kind"], one["footprint"]
    cores = {kind: math.ceil(rate * us / 1e6 / BUSY) for kind, us in cpu.items()}
    moved = rate * (left["valkey_in"] + left["valkey_out"])
    nodes = max(cores["valkey"], math.ceil(moved / NETWORK_BYTES))
    disk, wal = rate * left["disk"] * KEPT_DAYS * 86_400, rate * left["wal"]
    servers = max(cores["postgresql"] / POSTGRES_CORES, wal / WAL_BYTES, disk / VOLUME_BYTES)
    front = cores["api"] + cores["caddy"]
    return (
        f"| {rate:,} | {front:,} | {cores['worker']:,} | {cores['postgresql']:,}, {math.ceil(servers):,} | {nodes:,}"
        f" | {wal / 1e6:,.0f} | {disk / 1e12:,.0f} |"
    )


def _rounded(rate: float) -> int:
    digits = len(str(int(rate))) - 2
    return int(round(rate, -digits))


if __name__ == "__main__":
    main()
