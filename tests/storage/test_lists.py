"""Lists as they are read: paged by value, counted, and any number of entries in pieces."""

from collections.abc import AsyncIterator

from riskengine.domain import clock
from riskengine.domain.listing import Entry, ListDefinition
from riskengine.storage import list_changes, lists
from riskengine.storage.database import Database
from riskengine.storage.list_changes import IncomingEntry
from riskengine.storage.lists import PIECE, Listed

DEVICES = ListDefinition("stolen", "text", "block", "device_id", "Reported stolen")
COUNT = 2 * PIECE + 7
PAST = clock.to_datetime(clock.now_ms() - 1)


async def incoming(count: int) -> AsyncIterator[IncomingEntry]:
    """Entries in falling order; every tenth has ended."""
    for number in reversed(range(count)):
        yield IncomingEntry(number, f"d{number:06}", PAST if number % 10 == 0 else None, f"n{number}")


async def fill(database: Database, count: int) -> None:
    """Makes the list as version 1, and fills it as version 2."""
    async with database.connection() as connection, connection.transaction():
        await list_changes.create(connection, DEVICES, 1)
        assert await list_changes.stage(connection, incoming(count), 5) == []
        merged = await list_changes.merge(connection, "stolen", 2, "ann", replace=False)
        assert (merged.added, merged.removed) == (count, 0)


async def test_entries_are_read_in_pieces_of_any_number(database: Database) -> None:
    # Given more entries than are read in one go
    await fill(database, COUNT)
    # When all of a version are read
    async with database.connection() as connection, connection.transaction():
        none = [each async for each in lists.added(connection, -1, 1) if each.name == "stolen"]
        found = [each async for each in lists.added(connection, 1, 2)]
        later = [each async for each in lists.added(connection, 2, 3)]
    # Then each is there once, to the millisecond, and in that version alone
    assert (none, later) == ([], [])
    expected = [Listed("stolen", Entry(f"d{n:06}", clock.to_ms(PAST) if n % 10 == 0 else None)) for n in range(COUNT)]
    assert sorted(found, key=lambda each: each.entry.value) == expected


async def test_pages_go_on_by_value_and_summaries_count(database: Database) -> None:
    # Given a list of 25 entries, three of which have ended
    await fill(database, 25)
    # When it is read page by page
    pages, after = [], None
    while page := await lists.page(database, "stolen", after, 10):
        pages.append([entry.value for entry in page])
        after = page[-1].value
    # Then nothing is missing or repeated
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [value for page in pages for value in page] == [f"d{n:06}" for n in range(25)]
    # And the summary counts all, and those that have ended
    summary = await lists.get(database, "stolen")
    assert (summary.definition, summary.entries, summary.expired) == (DEVICES, 25, 3)
    assert summary in await lists.every(database)


async def test_the_last_of_what_is_staged_twice_is_told(database: Database) -> None:
    # Given entries with one value, of which some say something else of it
    async def given() -> AsyncIterator[IncomingEntry]:
        for number, note in enumerate(("a", "a", "b", "c")):
            yield IncomingEntry(number, "d", None, note)
        yield IncomingEntry(4, "d", PAST, "a")

    # When they are staged, Then those that differ from the first are told, up to as many as are asked for
    for most, expected in ((9, [2, 3, 4]), (2, [2, 3])):
        async with database.connection() as connection, connection.transaction():
            found = await list_changes.stage(connection, given(), most)
        assert [(each.row_number, each.first_row) for each in found] == [(number, 0) for number in expected]
