"""The table of prices: what clouds offer, as data that anyone may replace."""

from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from riskengine.domain import strict_yaml
from riskengine.domain.errors import ConfigurationError

Text = Annotated[str, Meta(min_length=1)]
Size = Annotated[float, Meta(gt=0)]
Usd = Annotated[float, Meta(ge=0)]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field too many is a mistake, and not ignored."""


class Tier(_Strict, frozen=True):
    """What can be had: processors, memory (GB), USD a month."""

    name: Text
    vcpu: Size
    memory_gb: Size
    usd: Usd


class MemoryTier(_Strict, frozen=True):
    """A node of Redis or Valkey, by its usable memory (GB); USD a month."""

    name: Text
    memory_gb: Size
    usd: Usd


class PostgresqlPrices(_Strict, frozen=True):
    """Servers, and what a GB of their disk costs a month, up to so many."""

    tiers: Annotated[tuple[Tier, ...], Meta(min_length=1)]
    storage_usd_gb: Usd
    largest_gb: Size


class RedisPrices(_Strict, frozen=True):
    """Nodes of Redis or Valkey."""

    tiers: Annotated[tuple[MemoryTier, ...], Meta(min_length=1)]


class Cloud(_Strict, frozen=True):
    """What one cloud offers; `note` says where, and what is in the prices."""

    name: Text
    note: str
    balancer_usd: Usd
    instances: Annotated[tuple[Tier, ...], Meta(min_length=1)]
    postgresql: PostgresqlPrices
    redis: RedisPrices


class Prices(_Strict, frozen=True):
    """All of it, with the day on which the prices were noted, and where they are from."""

    noted: date
    source: Text
    clouds: Annotated[tuple[Cloud, ...], Meta(min_length=1)]

    @classmethod
    def shipped(cls) -> "Prices":
        """The table that comes with the engine."""
        return _of(resources.files("riskengine.capacity").joinpath("prices.yaml").read_bytes(), "the shipped prices")

    @classmethod
    def read(cls, path: Path) -> "Prices":
        """One's own. Raises ConfigurationError that names the field that is wrong, and what to do."""
        try:
            text = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(
                f"the price table {path} cannot be read ({error.strerror}): name a file of the form of "
                "riskengine/capacity/prices.yaml"
            ) from None
        return _of(text, str(path))


def _of(text: bytes, name: str) -> Prices:
    try:
        plain = msgspec.json.encode(strict_yaml.load(text))  # so that a date is one with or without quotes
        found = msgspec.json.decode(plain, type=Prices)
    except msgspec.ValidationError as error:
        raise _refused(name, f"{_where(plain)}{error}") from None
    except (ConfigurationError, TypeError, ValueError, RecursionError) as error:
        raise _refused(name, f"{error}") from None
    names = [cloud.name for cloud in found.clouds]
    if twice := sorted({one for one in names if names.count(one) > 1}):
        raise _refused(name, f"the cloud {twice[0]} is there twice")
    return found


def _refused(name: str, fault: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} is no table of prices: {fault}. Correct that; riskengine/capacity/prices.yaml shows the form"
    )


def _where(plain: bytes) -> str:
    """Which cloud is meant, if one is wrong: a fault's own words only say that it is one of them."""
    clouds = msgspec.json.decode(plain, type=dict[str, Any]).get("clouds") if plain.startswith(b"{") else None
    for number, cloud in enumerate(clouds if isinstance(clouds, list) else (), 1):
        try:
            msgspec.convert(cloud, Cloud)
        except msgspec.ValidationError:
            known = isinstance(cloud, dict) and isinstance(cloud.get("name"), str)
            return f"{cloud['name']}: " if known else f"cloud number {number}: "
    return ""
