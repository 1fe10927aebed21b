"""A decision comes out of the cache as it went in, to the last bit."""

import math
import struct

from msgspec.structs import replace

from riskengine.domain import clock
from riskengine.domain.decision import Decision
from riskengine.domain.outcome import Level, Outcome
from riskengine.state import cached_decisions
from riskengine.state.cache_kinds import DECISION, GROUPS, Fact
from riskengine.state.cached_decisions import CODEC, Decided
from tests import factories


def test_a_decision_is_the_same_afterwards() -> None:
    # Given a decision with all there is
    sent = factories.transaction(amount="0.10", merchant="m", latitude=50.1, ip="::1", card_bin="535456")
    (odd,) = struct.unpack("<f", struct.pack("<f", 0.1))
    features = (odd, -0.0, math.inf, float("nan"), 3.0)
    verdict = replace(
        factories.verdict(sent, 54.123456789012345),
        level=Level.HIGH,
        outcome=Outcome.REVIEW,
        features=features,
        shadow=("RULE_A",),
        degraded=("model",),
    )
    decision = Decision(verdict, 7, clock.now_ms())
    # When it is encoded and decoded
    found = CODEC.decode(cached_decisions.encode(sent, decision))
    # Then it is the same: the text of a float tells all its bits
    assert repr(found) == repr(Decided(sent, decision))
    # And what is no decision is not encoded, what cannot be read is none
    assert CODEC.encode(None) is None
    assert CODEC.encode(Decided(sent, None)) is None
    assert CODEC.decode(b"rubbish") is None


def test_what_is_written_is_grouped_and_leaves_out_history() -> None:
    # Given decisions on new transactions, and on some of two days ago
    new = [factories.transaction(f"a{n}") for n in range(40)]
    old = [factories.transaction(created_at=clock.now_ms() - 2 * clock.DAY) for _ in range(3)]
    decisions = [replace(factories.decision(sent, 1), decided_at=clock.now_ms()) for sent in (*old, *new)]
    # When the commands are made that cache them
    commands = cached_decisions.writes(decisions, [*new, *old])
    # Then each of the new ones is in one of few commands, each with keys of one group
    assert len(commands) <= GROUPS
    keys = [set(command[3 : 3 + int(command[2])]) for command in commands]
    assert set().union(*keys) == {Fact(DECISION, sent.transaction_id).key for sent in new}
    assert all(len({str(key).split(":")[2] for key in group}) == 1 for group in keys)
