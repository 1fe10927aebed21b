"""Executing decisions again from the features they saw: rules, behaviour, model, composite, outcome."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from riskengine.domain.decision import Decision, Versions
from riskengine.domain.errors import ConfigurationError, NotFound
from riskengine.pipeline.engines import Engines
from riskengine.pipeline.proof import bits
from riskengine.pipeline.proof.bits import Unlike
from riskengine.pipeline.proof.found import Found
from riskengine.scoring.engine import Engine
from riskengine.scoring.model import Model
from riskengine.storage.attributes import Attributes
from riskengine.storage.replays import Executed

MODEL_BATCH = 100
"""Vectors given to a model at once: as many as a worker gives it, so that its deadline fits."""

_MODEL = "model"


class Judging:
    """Compares what follows from the stored features with what is stored.

    `engines` are those that were needed: one for each catalogue. `versions` counts decisions by their versions.
    """

    def __init__(self, engines: Engines, found: Found) -> None:
        self._engines = engines
        self._found = found
        self._unusable: dict[Versions, str] = {}
        self.engines: dict[int, Engine] = {}
        self.versions: Counter[Versions] = Counter()

    async def take(self, page: Sequence[Executed], attributes: Attributes) -> None:
        """Executes decisions, in the order in which they were made: then an engine is needed for long, and not again.

        Raises Unavailable.
        """
        for versions, group in groupby(page, key=_versions):
            executed = list(group)
            self.versions[versions] += len(executed)
            engine = await self.engine(versions)
            for one in executed if engine is None else ():
                self._differs(one.decision, [Unlike("versions", versions, self._unusable[versions])])
            if engine is not None:
                self._judge(engine, executed, attributes)

    async def engine(self, versions: Versions) -> Engine | None:
        """The engine of these versions, None if there is none any more. Raises Unavailable."""
        if versions in self._unusable:
            return None
        try:
            engine = await self._engines.of(versions)
        except (NotFound, ConfigurationError) as error:
            self._unusable[versions] = str(error)
            return None
        self.engines.setdefault(versions.catalogue, engine)
        return engine

    def _judge(self, engine: Engine, executed: Sequence[Executed], attributes: Attributes) -> None:
        whole = [one for one in executed if self._is_whole(one, engine)]
        for one, model in zip(whole, _model_scores(engine.model, [one.decision for one in whole]), strict=True):
            assert one.transaction is not None, "a whole one has its transaction"
            stored = one.decision.verdict
            account = attributes.at(stored.account_id, one.decision.account_sequence)
            again = engine.judge(one.transaction, account, stored.features, model)
            self._differs(one.decision, bits.unlike(stored, again))

    def _is_whole(self, one: Executed, engine: Engine) -> bool:
        """Whether there is all that it takes to execute it; if not, that is a difference."""
        if one.transaction is None:
            self._differs(one.decision, [Unlike("transaction", "decided", "missing")])
            return False
        known, wanted = len(one.decision.verdict.features), len(engine.catalogue.features)
        if known != wanted:
            self._differs(one.decision, [Unlike("number of features", known, wanted)])
        return known == wanted

    def _differs(self, decision: Decision, fields: Sequence[Unlike] | Iterator[Unlike]) -> None:
        self._found.add(decision.verdict.transaction_id, decision.verdict.account_id, fields)


def _versions(one: Executed) -> Versions:
    return one.decision.verdict.versions


def _model_scores(model: Model | None, decisions: Sequence[Decision]) -> list[float | None]:
    """What the model says now; None where it had no say then."""
    scores: list[float | None] = [None] * len(decisions)
    if model is None:
        return scores
    asked = [n for n, decision in enumerate(decisions) if _MODEL not in decision.verdict.degraded]
    for start in range(0, len(asked), MODEL_BATCH):
        places = asked[start : start + MODEL_BATCH]
        vectors = [decisions[n].verdict.features for n in places]
        for n, score in zip(places, model.score(vectors), strict=True):
            scores[n] = score if score is not None else model.score([decisions[n].verdict.features])[0]
    return scores
