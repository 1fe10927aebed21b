"""A worker like any other, save that it does not score: the raw limit of everything around the score function.

The same queue, the same SQL with the same rows, and the account's place behind the fence. But every verdict is one
constant, an account's history holds nothing but its sequence, and nothing is kept of what accounts share.
Run as `python -m benchmarks.constant_worker`, with the environment of a worker.
"""

import asyncio
import signal
from collections.abc import Iterable, Mapping, Sequence

import uvloop
from msgspec.structs import replace

from riskengine import logs, wiring
from riskengine.domain.account import Account
from riskengine.domain.decision import Decision, Verdict
from riskengine.domain.transaction import Transaction
from riskengine.pipeline.decide import Decider
from riskengine.pipeline.engines import Fixed
from riskengine.pipeline.recall import Recall
from riskengine.scoring.engine import Engine
from riskengine.scoring.history import History
from riskengine.scoring.memory import Memory
from riskengine.settings import Settings
from riskengine.state.parts import Changes, Sought
from riskengine.storage import accounts
from riskengine.worker.worker import Worker


class ConstantEngine(Engine):
    """Says the same of every transaction: what the real engine said of the first one."""

    _constant: Verdict | None = None

    def score(self, transactions: Sequence[Transaction], memory: Memory) -> list[Verdict]:
        """One verdict each, in order; the sequence of each account goes on."""
        constant = self._constant or super().score(transactions[:1], Memory())[0]
        self._constant = constant
        for transaction in transactions:
            account_id = transaction.account_id
            history = memory.histories.get(account_id) or History.empty(Account(account_id), self.catalogue.horizon)
            memory.histories[account_id] = history.with_account(history.account, history.sequence + 1)
        return [replace(constant, transaction_id=t.transaction_id, account_id=t.account_id) for t in transactions]


class Sequences(Recall):
    """Remembers nothing of an account but where it stands: what the SQL of a decision needs to know."""

    async def memory(self, engine: Engine, transactions: Sequence[Transaction], refuted: Mapping[str, int]) -> Memory:
        """Empty histories with their sequences, from Valkey or else from PostgreSQL."""
        account_ids = list(dict.fromkeys(t.account_id for t in transactions))
        found = await self._histories.find(Sought(account_ids, (), (0,)))
        known = {account_id: History.from_bytes(value) for account_id, value in found.histories.items()}
        fresh = {a: h for a, h in known.items() if a not in refuted or h.sequence > refuted[a]}
        missing = [account_id for account_id in account_ids if account_id not in fresh]
        if missing:
            for past in await accounts.pasts(self._database, missing, 0):
                empty = History.empty(past.account, engine.catalogue.horizon)
                fresh[past.account.account_id] = empty.with_account(past.account, past.sequence)
        return Memory(histories=fresh)

    async def keep(
        self, engine: Engine, memory: Memory, taken: Sequence[Decision], decided: Iterable[Transaction]
    ) -> None:
        """Writes the sequences back."""
        account_ids = {decision.verdict.account_id for decision in taken}
        histories = {account_id: memory.histories[account_id].to_bytes() for account_id in account_ids}
        await self._histories.write(Changes(histories, (), ()))


async def run(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT."""
    async with wiring.assemble(settings, name="riskengine-worker", idle=1, most=settings.worker_db_pool_max) as parts:
        engines = Fixed(ConstantEngine.starter())
        decider = Decider(parts.database, Sequences(parts.database, parts.histories, engines), engines)
        worker = Worker(replace(parts, decider=decider), settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, worker.stop)
        await worker.run()


if __name__ == "__main__":
    environment = Settings.load()
    logs.configure(environment.log_level, environment.log_format)
    uvloop.run(run(environment))
