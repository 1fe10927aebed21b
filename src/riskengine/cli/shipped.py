"""Checking a content against what is shipped: no server is needed."""

import asyncio
from collections.abc import Collection

from riskengine.domain.decision import Versions
from riskengine.domain.release import Kind, RunningVersions
from riskengine.models import bundle
from riskengine.pipeline.building import Builder, Parts
from riskengine.pipeline.checking import Candidate, Checks, numbered
from riskengine.scoring.engine import Engine
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.model import Model

_NEXT = 2
"""The number that a content would get after the shipped one."""


async def examine(kind: Kind, content: bytes) -> None:
    """Returns if the content could run beside the rest of what is shipped. Raises InvalidInput."""
    versions = Engine.starter().versions
    runs = RunningVersions(0, versions.ruleset, versions.catalogue, versions.rates, None, versions.lists)
    data = await asyncio.to_thread(numbered, kind, content, _NEXT)
    await Checks(_Shipped(), _none_cold).check(Candidate(kind, _NEXT, data), runs)


class _Shipped(Builder):
    """The parts as they are shipped, whatever is asked for."""

    def __init__(self) -> None:
        """There is no database to read from."""

    async def parts(self, versions: Versions, known: Parts | None = None) -> Parts:
        shipped = Engine.starter()
        return Parts(shipped.catalogue, shipped.ruleset, shipped.rates, shipped.lists, None)

    async def open(self, content: bytes, version: int, catalogue: Catalogue) -> Model:
        return await asyncio.to_thread(bundle.open_bundle, content, version, catalogue)


async def _none_cold(_: Catalogue) -> Collection[str]:
    return ()
