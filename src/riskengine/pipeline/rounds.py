"""A round over all accounts, page by page, which goes on where it was interrupted."""

from collections.abc import AsyncIterator

import msgspec

from riskengine.storage import backfills
from riskengine.storage.backfills import Filled
from riskengine.storage.database import Database

PAGE = 200
"""Accounts looked at at once."""


class Progress(msgspec.Struct, frozen=True):
    """How far it is: `done` of `total`, in the unit that `what` names. The last one of each has `done` == `total`."""

    what: str
    done: int
    total: int


class Page(msgspec.Struct, frozen=True):
    """Some accounts, and how far the round is when they are done."""

    account_ids: list[str]
    progress: Progress


async def over_accounts(database: Database, name: str) -> AsyncIterator[Page]:
    """The accounts in order. To ask for the next page says that the one before is done, which is noted under `name`.

    A round that was finished begins anew. Raises Unavailable.
    """
    filled = await backfills.unfinished(database, name)
    if filled is None:
        filled = Filled("", 0, await backfills.account_count(database))
    while account_ids := await backfills.account_ids(database, filled.position, PAGE):
        done = filled.done + len(account_ids)
        filled = Filled(account_ids[-1], done, max(filled.total, done))
        yield Page(account_ids, Progress("accounts", filled.done, filled.total))
        await backfills.put(database, [name], filled, finished=False)
    await backfills.put(database, [name], filled, finished=True)
    yield Page([], Progress("accounts", filled.total, filled.total))
