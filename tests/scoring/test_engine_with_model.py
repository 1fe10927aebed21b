"""The engine with a model behind its port: whole batches in, and never waited for in vain."""

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskengine.domain.outcome import Outcome
from riskengine.domain.transaction import Transaction
from riskengine.scoring import Engine, Memory
from tests.factories import transaction
from tests.scoring.stories import ENGINE, arrivals

SHARE = ENGINE.catalogue.names.index("flagged_share_30d")
AMOUNT = ENGINE.catalogue.names.index("amount_base")


class Suspicious:
    """Scores by the amount, and by what became of the account's transactions before; notes the size of batches."""

    version = 3

    def __init__(self, answers: bool = True) -> None:
        self.batches: list[int] = []
        self.answers = answers

    def score(self, vectors: Sequence[Sequence[float]]) -> list[float | None]:
        self.batches.append(len(vectors))
        return [self._score(vector) if self.answers else None for vector in vectors]

    def influences(self, vector: Sequence[float]) -> list[tuple[str, float]]:
        return []

    @staticmethod
    def _score(vector: Sequence[float]) -> float | None:
        if math.isnan(vector[AMOUNT]):
            return None
        share = 0.0 if math.isnan(vector[SHARE]) else vector[SHARE]
        return min(100.0, round(vector[AMOUNT] / 200 + 50 * share, 4))


def with_model(model: Suspicious) -> Engine:
    return Engine(ENGINE.catalogue, ENGINE.ruleset, ENGINE.rates, ENGINE.lists, model)


@settings(max_examples=30, deadline=None)
@given(arrivals(most=25), st.lists(st.sampled_from(["alice", "bob", "carol"]), min_size=25, max_size=25), st.data())
def test_a_verdict_does_not_depend_on_the_batch(
    transactions: list[Transaction], accounts: list[str], data: st.DataObject
) -> None:
    # Given transactions of several accounts, and any way to cut them into batches
    several = [msgspec.structs.replace(t, account_id=a) for t, a in zip(transactions, accounts, strict=False)]
    cuts = data.draw(st.sets(st.integers(1, len(several))))
    whole, cut = Memory(), Memory()

    at_once = with_model(Suspicious()).score(several, whole)
    in_batches = [
        verdict
        for start, end in pairwise([0, *sorted(cuts | {len(several)})])
        for verdict in with_model(Suspicious()).score(several[start:end], cut)
    ]

    assert msgspec.msgpack.encode(in_batches) == msgspec.msgpack.encode(at_once)
    assert (cut.histories, cut.shared, cut.peers) == (whole.histories, whole.shared, whole.peers)


def test_a_batch_of_different_accounts_is_one_question() -> None:
    # Given five accounts, the first of which comes twice
    model = Suspicious()
    made = [transaction(account_id) for account_id in ("a", "b", "c", "d", "e", "a")]

    with_model(model).score(made, Memory())

    assert model.batches == [5, 1]


def test_a_model_has_its_weight_in_the_score() -> None:
    [verdict] = with_model(Suspicious()).score([transaction(amount="10000.00")], Memory())

    assert (verdict.parts.model, verdict.parts.model_weight) == (50.0, 0.15)
    assert verdict.degraded == ()
    assert verdict.versions.model == 3


@pytest.mark.parametrize(("answers", "currency"), [(False, "EUR"), (True, "XTS")])
def test_without_an_answer_the_decision_is_made_all_the_same(answers: bool, currency: str) -> None:
    # Given a model that is late, or has nothing to say of this one
    [verdict] = with_model(Suspicious(answers)).score([transaction(currency=currency)], Memory())

    # Then the others have its weight, and the verdict says so
    assert (verdict.parts.model, verdict.parts.model_weight) == (None, 0.0)
    assert verdict.parts.rules_weight + verdict.parts.behaviour_weight == 1.0
    assert verdict.degraded == ("model",)
    assert verdict.versions.model == 3


def test_what_was_not_approved_is_remembered() -> None:
    # Given an account whose first payment was declined
    engine, memory = with_model(Suspicious()), Memory()
    [first] = engine.score([transaction(amount="20000.00", country="KP")], memory)
    assert first.outcome is not Outcome.APPROVE

    [second] = engine.score([transaction(amount="10.00")], memory)

    assert second.features[SHARE] == 1.0
