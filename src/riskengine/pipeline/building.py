"""From stored versions to an engine: read, parsed and compiled aside, while another engine goes on deciding."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from riskengine.domain.decision import Versions
from riskengine.domain.release import Kind
from riskengine.scoring import money
from riskengine.scoring.engine import Engine
from riskengine.scoring.features import catalogue as catalogues
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.lists import Lists
from riskengine.scoring.model import Model
from riskengine.scoring.money import Rates
from riskengine.scoring.rules import ruleset as rulesets
from riskengine.scoring.rules.ruleset import RuleSet
from riskengine.storage import releases
from riskengine.storage.database import Database

OpenModel = Callable[[bytes, int, Catalogue], Model]
"""(bundle, number of its release, catalogue) -> model. Raises ConfigurationError if it cannot be used."""

LoadLists = Callable[[Database, int, Lists | None], Awaitable[Lists]]
"""(database, version, lists of an older version) -> the lists of that version. Raises Unavailable."""

Part = TypeVar("Part", Catalogue, RuleSet, Rates)


class Parts(msgspec.Struct, frozen=True):
    """What an engine is made of."""

    catalogue: Catalogue
    ruleset: RuleSet
    rates: Rates
    lists: Lists
    model: Model | None

    def engine(self) -> Engine:
        """Compiles them. Raises ConfigurationError if one does not go with the others."""
        return Engine(self.catalogue, self.ruleset, self.rates, self.lists, self.model)


class Builder:
    """Reads parts from PostgreSQL. Parsing, opening and compiling go on in a thread: the event loop is not to wait.

    It keeps the parts of what runs, for all who build in this process: of the next ones, mostly one is different.
    """

    def __init__(self, database: Database, open_model: OpenModel, load_lists: LoadLists) -> None:
        self._database = database
        self._open_model = open_model
        self._load_lists = load_lists
        self._present: Parts | None = None

    async def present(self, versions: Versions) -> Parts:
        """The parts of what runs now, which are kept. Raises what `parts` does."""
        self._present = parts = await self.parts(versions)
        return parts

    def forget(self) -> None:
        """Keeps nothing any longer: the database was restored, and numbers may come to mean something else."""
        self._present = None

    async def parts(self, versions: Versions) -> Parts:
        """The parts of these versions; what is kept is not read again.

        Raises NotFound, Unavailable, and ConfigurationError if this version of riskengine cannot use one.
        """
        known = self._present
        catalogue, ruleset, rates = (known.catalogue, known.ruleset, known.rates) if known else (None, None, None)
        if catalogue is None or catalogue.version != versions.catalogue:
            catalogue = await self._read(Kind.CATALOGUE, versions.catalogue, catalogues.load)
        if ruleset is None or ruleset.version != versions.ruleset:
            ruleset = await self._read(Kind.RULESET, versions.ruleset, rulesets.load)
        if rates is None or rates.version != versions.rates:
            rates = await self.rates(versions.rates)
        lists = await self._lists(versions.lists, known.lists if known else None)
        same = known is not None and known.catalogue is catalogue and _version(known.model) == versions.model
        model = known.model if known is not None and same else await self.model(versions.model, catalogue)
        return Parts(catalogue, ruleset, rates, lists, model)

    async def rates(self, version: int) -> Rates:
        """One table of rates. Raises NotFound, Unavailable and ConfigurationError."""
        return await self._read(Kind.RATES, version, money.load)

    async def model(self, version: int | None, catalogue: Catalogue) -> Model | None:
        """A stored model, made ready for a catalogue. Raises NotFound, Unavailable and ConfigurationError."""
        if version is None:
            return None
        return await self.open(await releases.content(self._database, Kind.MODEL, version), version, catalogue)

    async def open(self, bundle: bytes, version: int, catalogue: Catalogue) -> Model:
        """A model, made ready for a catalogue. Raises ConfigurationError."""
        return await asyncio.to_thread(self._open_model, bundle, version, catalogue)

    async def _lists(self, version: int, known: Lists | None) -> Lists:
        if known is not None and known.version == version:
            return known
        older = known if known is not None and known.version < version else None
        return await self._load_lists(self._database, version, older)

    async def _read(self, kind: Kind, version: int, load: Callable[[bytes], Part]) -> Part:
        content = await releases.content(self._database, kind, version)
        return await asyncio.to_thread(load, content)


def _version(model: Model | None) -> int | None:
    return None if model is None else model.version
