"""From stored lists and snoozes to those that rules look into, of any version."""

from riskengine.scoring.lists import Changes, Lists
from riskengine.storage import lists
from riskengine.storage.database import Database


async def load(database: Database, version: int, known: Lists | None = None) -> Lists:
    """All lists and snoozes as they stood at a version that there was.

    Of an earlier, known state only the changes are read, and lists that did not change are shared with it. Raises
    Unavailable.
    """
    if known is not None and known.version == version:
        return known
    base = known if known is not None and known.version < version else None
    since = -1 if base is None else base.version
    async with database.connection() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        present = await lists.at(connection, version)
        anew = {each.definition.name for each in present if each.added_in > since}
        older = {each.definition.name for each in present} - anew
        changes = Changes(base or Lists(since), version, [each.definition for each in present], anew=anew)
        async for gone in lists.removed(connection, since, version):
            if gone.name in older:  # what another list of the same name had is gone with it
                changes.remove(gone.name, (gone.entry.value,))
        async for new in lists.added(connection, since, version):
            changes.add(new.name, (new.entry,))
        snoozes = await lists.snoozes_at(connection, version)
    return changes.done(snoozes)
