"""A decision with its transaction, as the cache holds it: what the routes need that show it."""

import struct
from collections.abc import Iterable, Sequence

import msgspec

from riskengine.domain.decision import Decision, Parts, Verdict, Versions
from riskengine.domain.outcome import Level, Outcome
from riskengine.domain.transaction import Transaction
from riskengine.state.cache import facts_written
from riskengine.state.cache_kinds import DECISION, GROUPS, Fact
from riskengine.state.codec import Codec
from riskengine.state.commands import Command


class Decided(msgspec.Struct, frozen=True):
    """A transaction and its decision; None while it is pending."""

    transaction: Transaction
    decision: Decision | None


class _Row(msgspec.Struct, frozen=True, array_like=True):
    """The parts in the order in which `encode` writes them."""

    transaction: Transaction
    score: float
    level: Level
    outcome: Outcome
    rules_score: float
    behaviour_score: float
    model_score: float | None
    rules_weight: float
    behaviour_weight: float
    model_weight: float
    rules: tuple[str, ...]
    shadow: tuple[str, ...]
    degraded: tuple[str, ...]
    features: bytes
    ruleset: int
    catalogue: int
    rates: int
    lists: int
    model: int | None
    account_sequence: int
    decided_at: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Row).decode


def encode(transaction: Transaction, decision: Decision) -> bytes:
    """The bytes of both. Features are float32 as they are, in four bytes each."""
    verdict = decision.verdict
    parts, versions, features = verdict.parts, verdict.versions, verdict.features
    return _encode(
        (
            transaction,
            verdict.score,
            verdict.level.value,
            verdict.outcome.value,
            parts.rules,
            parts.behaviour,
            parts.model,
            parts.rules_weight,
            parts.behaviour_weight,
            parts.model_weight,
            verdict.rules,
            verdict.shadow,
            verdict.degraded,
            struct.pack(f"<{len(features)}f", *features),
            versions.ruleset,
            versions.catalogue,
            versions.rates,
            versions.lists,
            versions.model,
            decision.account_sequence,
            decision.decided_at,
        )
    )


def decode(body: bytes) -> Decided:
    """What the bytes say. Raises msgspec.MsgspecError or ValueError if they cannot be read."""
    row = _decode(body)
    verdict = Verdict(
        transaction_id=row.transaction.transaction_id,
        account_id=row.transaction.account_id,
        score=row.score,
        level=row.level,
        outcome=row.outcome,
        parts=Parts(
            row.rules_score,
            row.behaviour_score,
            row.model_score,
            row.rules_weight,
            row.behaviour_weight,
            row.model_weight,
        ),
        rules=row.rules,
        features=_floats(row.features),
        versions=Versions(row.ruleset, row.catalogue, row.rates, row.lists, row.model),
        shadow=row.shadow,
        degraded=row.degraded,
    )
    return Decided(row.transaction, Decision(verdict, row.account_sequence, row.decided_at))


def writes(decisions: Sequence[Decision], transactions: Iterable[Transaction]) -> list[Command]:
    """The commands that cache decisions, given the transactions among which theirs are.

    Of imported history nobody asks for a decision soon: it would only drive out what somebody does ask for.
    """
    by_id = {transaction.transaction_id: transaction for transaction in transactions}
    groups: dict[int, list[tuple[Fact, bytes]]] = {}
    for decision in decisions:
        transaction = by_id[decision.verdict.transaction_id]
        if decision.decided_at - transaction.created_at < DECISION.ttl_ms:
            fact = Fact(DECISION, transaction.transaction_id)
            groups.setdefault(fact.place % GROUPS, []).append((fact, encode(transaction, decision)))
    return [facts_written(DECISION, group) for group in groups.values()]


def _floats(packed: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(packed) // 4}f", packed)


def _cacheable(decided: Decided | None) -> bytes | None:
    if decided is None or decided.decision is None:
        return None
    return encode(decided.transaction, decided.decision)


CODEC: Codec[Decided | None] = Codec(_cacheable, decode)
"""What is pending or unknown is not cached."""
