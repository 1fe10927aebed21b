"""Whether a version is fit to run beside what else runs: the same engine is built of it that would run."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager

import msgspec

from riskengine.domain.errors import ConfigurationError, FieldError, InvalidInput
from riskengine.domain.release import Kind, RunningVersions
from riskengine.pipeline.building import Builder, Parts
from riskengine.scoring import money
from riskengine.scoring.engine import Engine
from riskengine.scoring.features import catalogue as catalogues
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.money import Rates
from riskengine.scoring.rules import ruleset as rulesets
from riskengine.scoring.rules.errors import RuleError

ColdFeatures = Callable[[Catalogue], Awaitable[Collection[str]]]
"""Which features of a catalogue were not yet filled from the past."""


class Candidate(msgspec.Struct, frozen=True):
    """What may run next. `version` is the number it has, or is to get; `content` names it. None: no model."""

    kind: Kind
    version: int | None
    content: bytes | None


def numbered(kind: Kind, content: bytes, version: int) -> bytes:
    """The content as it is published: canonical YAML that names its own number. A bundle stays as it is.

    Raises InvalidInput if it cannot be read.
    """
    with _unfit():
        match kind:
            case Kind.RULESET:
                return rulesets.dump(msgspec.structs.replace(rulesets.load(content), version=version)).encode()
            case Kind.CATALOGUE:
                return catalogues.dump(msgspec.structs.replace(catalogues.load(content), version=version)).encode()
            case Kind.RATES:
                return msgspec.yaml.encode(msgspec.structs.replace(money.load(content), version=version))
            case Kind.MODEL:
                return content


class Checks:
    """Builds engines of candidates and of what else runs."""

    def __init__(self, builder: Builder, cold_features: ColdFeatures) -> None:
        self._builder = builder
        self._cold_features = cold_features

    async def check(self, candidate: Candidate, runs: RunningVersions) -> None:
        """Returns if the candidate can run beside the rest of `runs`.

        Raises InvalidInput that says what stands against it, and what of the rest needs it otherwise.
        """
        parts = await self._with(candidate, await self._builder.present(runs.versions))
        with _unfit(of_rules=_needs(candidate, runs)):
            engine = await asyncio.to_thread(parts.engine)
        await self._refuse_cold(candidate, engine)

    async def _with(self, candidate: Candidate, rest: Parts) -> Parts:
        """The parts, one of them replaced."""
        content, version = candidate.content, candidate.version
        if content is None or version is None:
            return msgspec.structs.replace(rest, model=None)
        with _unfit():
            match candidate.kind:
                case Kind.RULESET:
                    return msgspec.structs.replace(rest, ruleset=await asyncio.to_thread(rulesets.load, content))
                case Kind.RATES:
                    rates = await asyncio.to_thread(money.load, content)
                    _refuse_other_base(rates, rest.rates)
                    return msgspec.structs.replace(rest, rates=rates)
                case Kind.MODEL:
                    model = await self._builder.open(content, version, rest.catalogue)
                    return msgspec.structs.replace(rest, model=model)
                case Kind.CATALOGUE:
                    catalogue = await asyncio.to_thread(catalogues.load, content)
        if rest.model is None:
            return msgspec.structs.replace(rest, catalogue=catalogue)
        number = rest.model.version
        with _unfit(f"model {number}, which runs, cannot work with this catalogue: "):
            reopened = await self._builder.model(number, catalogue)
        return msgspec.structs.replace(rest, catalogue=catalogue, model=reopened)

    async def _refuse_cold(self, candidate: Candidate, engine: Engine) -> None:
        """A rule over a feature whose past is missing would fire, or not, for no reason."""
        if candidate.kind not in {Kind.RULESET, Kind.CATALOGUE}:
            return
        cold = frozenset(await self._cold_features(engine.catalogue))
        faults = tuple(
            FieldError(
                f"rules.{rule}",
                f"rule {rule} uses {name}, which was not filled from the past yet; run `riskengine features backfill`",
            )
            for rule, names in engine.reads.items()
            for name in names
            if name in cold
        )
        if faults:
            raise InvalidInput(faults, _together(faults))


def _refuse_other_base(rates: Rates, running: Rates) -> None:
    if rates.base != running.base:
        raise ConfigurationError(
            f"the rates are in {rates.base}, and all that is remembered is in {running.base}; "
            f"give rates of which {running.base} is the base"
        )


def _needs(candidate: Candidate, runs: RunningVersions) -> str:
    """What a fault of a rule means, if the candidate is not the rule set."""
    if candidate.kind is Kind.RULESET:
        return ""
    return f"rule set {runs.ruleset}, which runs, cannot work with this {candidate.kind}: "


@contextmanager
def _unfit(of_all: str = "", of_rules: str = "") -> Iterator[None]:
    """Turns what parts say of their faults into an answer to the one who gave the content, after what they mean."""
    try:
        yield
    except ConfigurationError as error:
        each = getattr(error, "errors", None) or (error,)
        faults = tuple(
            FieldError(f"rules.{one.rule}" if isinstance(one, RuleError) and one.rule else "content", str(one))
            for one in each
        )
        prefix = of_rules if any(isinstance(one, RuleError) for one in each) else of_all
        raise InvalidInput(faults, prefix + _together(faults)) from error


def _together(faults: tuple[FieldError, ...]) -> str:
    return "\n".join(fault.message for fault in faults)
