"""Changing lists and snoozes: each change set is whole, is the next version, and holds in every process at once."""

import asyncio
import difflib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import BinaryIO

import msgspec
import structlog

from riskengine.domain import clock, listing
from riskengine.domain.errors import FieldError, InvalidInput, NotFound, Overloaded, ReleaseConflict
from riskengine.domain.listing import ListDefinition, Snooze
from riskengine.domain.release import Kind, RunningVersions
from riskengine.pipeline import curation_checks as checks
from riskengine.pipeline.curation_checks import NewEntry
from riskengine.pipeline.list_file import MOST_NAMED, ListFile
from riskengine.scoring import lists as shipped
from riskengine.storage import list_changes, lists, releases, running
from riskengine.storage.database import Connection, Database
from riskengine.storage.list_changes import Contradiction, IncomingEntry, Merged
from riskengine.storage.running import Change

MOST_LISTS = 200
"""Lists at a time: each that has an effect is looked into at every transaction."""

MOST_TRIES = 20
"""How often what runs may change while a list is being dropped."""

_AS_BEFORE = "is that of {}, with another expires_at or note; keep one"
_NOTHING = Merged(0, 0)
_log = structlog.get_logger()


class Changed(msgspec.Struct, frozen=True):
    """The version of all lists and snoozes after a change, and how many entries (or snoozes) came and went.

    One that got another end or note did both. If nothing came or went, the version is the one there was.
    """

    version: int
    added: int = 0
    removed: int = 0


class _Next(msgspec.Struct, frozen=True):
    """A transaction that holds the lock of what runs, and the version that it makes."""

    connection: Connection
    version: int
    by: str
    runs: RunningVersions

    async def done(self, what: str, merged: Merged) -> Changed:
        """Publishes the version, unless nothing was changed."""
        if not merged.added and not merged.removed:
            return Changed(self.version - 1)
        return await self.publish(what, merged)

    async def publish(self, what: str, merged: Merged = _NOTHING) -> Changed:
        """Publishes the version."""
        await running.change(self.connection, Change("lists", self.version, "change", self.by, what))
        _log.info("lists_changed", version=self.version, change=what, added=merged.added, removed=merged.removed)
        return Changed(self.version, merged.added, merged.removed)


class Curating:
    """Whoever changes lists and snoozes does it here; `by` says who."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, definition: ListDefinition, by: str) -> Changed:
        """Makes a list without entries. Raises InvalidInput."""
        kept = checks.definition(definition)
        async with self._next(by) as change:
            known = await lists.at(change.connection, change.runs.lists)
            if any(each.definition.name == kept.name for each in known):
                raise _wrong("name", "is the name of a list already; choose another, or drop that list first")
            if len(known) >= MOST_LISTS:
                raise _wrong("name", f"would be one list too many: there may be {MOST_LISTS}; drop one first")
            await list_changes.create(change.connection, kept, change.version)
            return await change.publish(f"created the list {kept.name}")

    async def drop(self, name: str, by: str) -> Changed:
        """Ends a list with all its entries. Raises NotFound, and ReleaseConflict if a rule that runs looks into it."""
        for _ in range(MOST_TRIES):
            checked = await running.get(self._database)
            await self._refuse_used(name, checked)
            async with self._next(by) as change:
                if (change.runs.ruleset, change.runs.catalogue) != (checked.ruleset, checked.catalogue):
                    continue
                removed = await list_changes.drop(change.connection, name, change.version)
                if removed is None:
                    raise lists.no_list(name)
                return await change.publish(f"dropped the list {name}", Merged(0, removed))
        raise Overloaded("others publish all the time; try again in a second")

    async def add(self, name: str, entries: Sequence[NewEntry], by: str) -> Changed:
        """Adds entries, or gives those that are there another end and note. Raises NotFound, and InvalidInput."""
        definition = (await lists.get(self._database, name)).definition
        incoming = checks.entries(definition, entries, clock.now_ms())
        async with self._database.connection() as connection, connection.transaction():
            twice = await list_changes.stage(connection, _each(incoming), len(entries))
            if twice:
                raise InvalidInput(tuple(_twice(each) for each in twice))
            return await self._merge(connection, definition, by, replace=False)

    async def import_csv(self, name: str, stream: BinaryIO, by: str, *, replace: bool = False) -> Changed:
        """Takes the entries of a CSV file (see ListFile), all or none; with `replace` the list then holds exactly them.

        Raises NotFound, Malformed, and one InvalidInput that names the rows that cannot be taken.
        """
        definition = (await lists.get(self._database, name)).definition
        file = ListFile(stream, definition)
        async with self._database.connection() as connection, connection.transaction():
            for each in await list_changes.stage(connection, file.entries(), MOST_NAMED):
                file.refuse(
                    each.row_number, f"value is that of row {each.first_row}, with another expires_at or note; keep one"
                )
            file.check()
            return await self._merge(connection, definition, by, replace=replace)

    async def remove(self, name: str, values: Sequence[str], by: str) -> Changed:
        """Removes entries. Raises NotFound if there is no such list, or none of them is on it, and InvalidInput."""
        definition = (await lists.get(self._database, name)).definition
        found = checks.values(definition, values)
        async with self._next(by) as change:
            gone = await list_changes.take_out(change.connection, name, found, change.version)
            if not gone:
                raise NotFound(f"nothing of this is on the list {name}; look at its entries")
            return await change.publish(f"removed from the list {name}", Merged(0, len(gone)))

    async def snooze(self, snooze: Snooze, by: str, note: str = "") -> Changed:
        """Silences a rule for an entity until a time, in place of an earlier snooze of the same.

        Raises InvalidInput; for a rule that does not run, with a hint of which may be meant.
        """
        kept = checks.snooze(snooze, clock.now_ms())
        about = listing.note(note)
        await self._refuse_unknown(kept.rule_id)
        async with self._next(by) as change:
            await list_changes.snooze(change.connection, kept, about, by, change.version)
            return await change.publish(f"snoozed {kept.rule_id} for one {kept.field}", Merged(1, 0))

    async def unsnooze(self, rule_id: str, field: str, value: str, by: str) -> Changed:
        """Ends a snooze. Raises NotFound and InvalidInput."""
        found = checks.entity(field, value)
        async with self._next(by) as change:
            if not await list_changes.unsnooze(change.connection, rule_id, field, found, change.version):
                raise NotFound("there is no such snooze; look at those there are")
            return await change.publish(f"ended the snooze of {rule_id} for one {field}", Merged(0, 1))

    @asynccontextmanager
    async def _next(self, by: str) -> AsyncIterator[_Next]:
        async with self._database.connection() as connection, connection.transaction():
            yield await _locked(connection, by)

    async def _merge(self, connection: Connection, definition: ListDefinition, by: str, *, replace: bool) -> Changed:
        """Stores what was staged in the connection's transaction."""
        change = await _locked(connection, by)
        known = await lists.at(connection, change.runs.lists)
        if definition not in [each.definition for each in known]:
            raise ReleaseConflict(f"the list {definition.name} was dropped meanwhile; look at it again")
        merged = await list_changes.merge(connection, definition.name, change.version, by, replace=replace)
        return await change.done(f"{'replaced' if replace else 'added to'} the list {definition.name}", merged)

    async def _refuse_used(self, name: str, runs: RunningVersions) -> None:
        """What runs is compiled without the list: whatever misses it is named."""
        async with self._database.connection() as connection:
            rest = [each.definition for each in await lists.at(connection, runs.lists) if each.definition.name != name]
        ruleset = await releases.content(self._database, Kind.RULESET, runs.ruleset)
        catalogue = await releases.content(self._database, Kind.CATALOGUE, runs.catalogue)
        users = await asyncio.to_thread(checks.rules_broken_without, ruleset, catalogue, rest)
        if users:
            rules = ", ".join(users)
            raise ReleaseConflict(
                f"the list {name} is used by {rules}, which runs; publish a rule set without it, then drop the list"
            )

    async def _refuse_unknown(self, rule_id: str) -> None:
        runs = await running.get(self._database)
        async with self._database.connection() as connection:
            known = [each.definition for each in await lists.at(connection, runs.lists)]
        content = await releases.content(self._database, Kind.RULESET, runs.ruleset)
        ids = await asyncio.to_thread(checks.rule_ids, content, known)
        if rule_id not in ids:
            near = difflib.get_close_matches(rule_id, ids, 1) or difflib.get_close_matches(rule_id.upper(), ids, 1)
            hint = f"; did you mean {near[0]}?" if near else "; look at the rules of the rule set that runs"
            raise _wrong("rule_id", f"is no rule that runs{hint}")


async def ensure_starter(database: Database, by: str = "riskengine") -> None:
    """Stores the shipped lists as version 0, once and for all, whatever becomes of them. Several may do so at once."""
    if await list_changes.ensure_starters(database, shipped.starter_lists(), by):
        _log.info("starter_lists_stored")


async def _locked(connection: Connection, by: str) -> _Next:
    runs = await running.lock(connection)
    return _Next(connection, runs.lists + 1, by, runs)


async def _each(entries: Sequence[IncomingEntry]) -> AsyncIterator[IncomingEntry]:
    for entry in entries:
        yield entry


def _twice(of: Contradiction) -> FieldError:
    return FieldError(
        f"entries[{of.row_number}].value",
        f"is that of entries[{of.first_row}], with another expires_at or note; keep one",
    )


def _wrong(path: str, message: str) -> InvalidInput:
    return InvalidInput((FieldError(path, message),))
