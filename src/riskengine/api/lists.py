"""Lists and snoozes, over HTTP."""

from base64 import b64decode, urlsafe_b64encode
from typing import Annotated, Any

from litestar import Controller, Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from riskengine.api import access, list_bodies
from riskengine.api import list_described as described
from riskengine.api.described import Described, shows
from riskengine.api.errors import TooLarge, Unsupported
from riskengine.api.list_described import TakesEntries, TakesFile, TakesList, TakesSnooze
from riskengine.api.list_views import (
    ChangedView,
    EntriesView,
    EntryView,
    ListsView,
    ListView,
    SnoozesView,
    SnoozeView,
)
from riskengine.api.service import Service
from riskengine.domain.errors import FieldError, InvalidInput, Malformed, NotFound, ReleaseConflict
from riskengine.domain.metadata import storable
from riskengine.pipeline.curating import Curating
from riskengine.storage import lists as stored

LARGEST_PAGE = 1_000
"""Entries in one answer."""

_WITH_A_BODY = (Malformed, TooLarge, Unsupported, InvalidInput)


class Lists(Controller):
    """Lists and their entries."""

    path = "/lists"
    tags = ("lists",)

    @get(
        "/",
        summary="All lists",
        operation_class=Described,
        responses=shows(200, ListsView, described.LISTS, "The lists, by name"),
    )
    async def every(self, service: NamedDependency[Service]) -> ListsView:
        """What each is for, and how many entries it has."""
        return ListsView([ListView.of(each) for each in await stored.every(service.database)])

    @post(
        "/",
        summary="Make a list",
        operation_class=TakesList,
        responses=shows(201, ListView, described.LIST, "The list", *_WITH_A_BODY),
    )
    async def create(self, request: Request[Any, Any, Any], service: NamedDependency[Service]) -> ListView:
        """Empty at first. One with an effect acts as soon as it has entries; of the others, rules make use."""
        by = _person(request)
        definition = (await list_bodies.new_list(request)).definition
        await Curating(service.database).create(definition, by)
        return ListView.of(await stored.get(service.database, definition.name))

    @get(
        "/{name:str}",
        summary="One list",
        operation_class=Described,
        responses=shows(200, ListView, described.LIST, "The list", NotFound),
    )
    async def one(self, service: NamedDependency[Service], name: FromPath[str]) -> ListView:
        """What it is for, and how many entries it has."""
        return ListView.of(await stored.get(service.database, _named(name)))

    @delete(
        "/{name:str}",
        status_code=200,
        summary="Drop a list",
        operation_class=Described,
        responses=shows(200, ChangedView, described.CHANGED, "It is gone", NotFound, ReleaseConflict),
    )
    async def drop(
        self, request: Request[Any, Any, Any], service: NamedDependency[Service], name: FromPath[str]
    ) -> ChangedView:
        """With all its entries. Refused while a rule that runs looks into it."""
        by = _person(request)
        return ChangedView.of(await Curating(service.database).drop(_named(name), by))

    @get(
        "/{name:str}/entries",
        summary="The entries of a list",
        operation_class=Described,
        responses=shows(200, EntriesView, described.ENTRIES, "A page of entries, by value", NotFound, InvalidInput),
    )
    async def entries(
        self,
        service: NamedDependency[Service],
        name: FromPath[str],
        cursor: Annotated[str | None, QueryParameter(description="the `next_cursor` of the page before")] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=LARGEST_PAGE, description="at most so many")] = 100,
    ) -> EntriesView:
        """A page ends with a cursor to the next. Those that have expired are shown, too, until they are removed."""
        await stored.get(service.database, _named(name))
        found = await stored.page(service.database, name, None if cursor is None else _after(cursor), limit + 1)
        views = [EntryView.of(entry) for entry in found[:limit]]
        return EntriesView(views, _cursor(views[-1].value) if len(found) > limit else None)

    @post(
        "/{name:str}/entries",
        status_code=200,
        summary="Add entries",
        operation_class=TakesEntries,
        responses=shows(200, ChangedView, described.CHANGED, "All are on the list", NotFound, *_WITH_A_BODY),
    )
    async def add(
        self, request: Request[Any, Any, Any], service: NamedDependency[Service], name: FromPath[str]
    ) -> ChangedView:
        """All or none. One that is on the list already gets the new end and note."""
        by = _person(request)
        entries = await list_bodies.new_entries(request)
        return ChangedView.of(await Curating(service.database).add(_named(name), entries, by))

    @delete(
        "/{name:str}/entries",
        status_code=200,
        summary="Remove entries",
        operation_class=Described,
        responses=shows(200, ChangedView, described.CHANGED, "None is on the list", NotFound, InvalidInput),
    )
    async def remove(
        self,
        request: Request[Any, Any, Any],
        service: NamedDependency[Service],
        name: FromPath[str],
        value: Annotated[list[str], QueryParameter(description="what to remove; give it again for more")],
    ) -> ChangedView:
        """Values that are not on the list do not matter, as long as one is."""
        by = _person(request)
        return ChangedView.of(await Curating(service.database).remove(_named(name), value, by))

    @post(
        "/{name:str}/import",
        status_code=200,
        summary="Import a file of entries",
        operation_class=TakesFile,
        responses=shows(200, ChangedView, described.CHANGED, "All are on the list", NotFound, *_WITH_A_BODY),
    )
    async def import_file(
        self,
        request: Request[Any, Any, Any],
        service: NamedDependency[Service],
        name: FromPath[str],
        replace: Annotated[bool, QueryParameter(description="whether what is not in the file is removed")] = False,
    ) -> ChangedView:
        """CSV with the columns value, expires_at and note. All or none: 422 names the rows that cannot be taken."""
        by = _person(request)
        await stored.get(service.database, _named(name))
        file = await list_bodies.file(request)
        return ChangedView.of(await Curating(service.database).import_csv(name, file, by, replace=replace))


class Snoozes(Controller):
    """Rules that do not count for one entity, for a while."""

    path = "/snoozes"
    tags = ("snoozes",)

    @get(
        "/",
        summary="All snoozes",
        operation_class=Described,
        responses=shows(200, SnoozesView, described.SNOOZES, "The snoozes that silence something now"),
    )
    async def every(self, service: NamedDependency[Service]) -> SnoozesView:
        """By rule, and what they are for."""
        return SnoozesView([SnoozeView.of(each) for each in await stored.snoozes(service.database)])

    @post(
        "/",
        summary="Snooze a rule for an entity",
        operation_class=TakesSnooze,
        responses=shows(201, ChangedView, described.CHANGED, "The rule is silent", *_WITH_A_BODY),
    )
    async def snooze(self, request: Request[Any, Any, Any], service: NamedDependency[Service]) -> ChangedView:
        """Until then the rule does not count for it; decisions still say that it fired. Replaces an earlier snooze."""
        by = _person(request)
        payload = await list_bodies.new_snooze(request)
        return ChangedView.of(await Curating(service.database).snooze(payload.snooze, by, payload.note))

    @delete(
        "/",
        status_code=200,
        summary="End a snooze",
        operation_class=Described,
        responses=shows(200, ChangedView, described.CHANGED, "The rule counts again", NotFound, InvalidInput),
    )
    async def unsnooze(
        self,
        request: Request[Any, Any, Any],
        service: NamedDependency[Service],
        rule_id: Annotated[str, QueryParameter(description="the rule")],
        field: Annotated[str, QueryParameter(description="the field that tells the entity")],
        value: Annotated[str, QueryParameter(description="the entity")],
    ) -> ChangedView:
        """From now on the rule counts again."""
        by = _person(request)
        if not storable(rule_id):
            raise NotFound("there is no such snooze; look at those there are")
        return ChangedView.of(await Curating(service.database).unsnooze(rule_id, field, value, by))


HANDLERS = (Lists, Snoozes)
"""All of them, to be put under the API's root."""


def _person(request: Request[Any, Any, Any]) -> str:
    """Who changes something, by the key that came. Raises Forbidden if it may not, however its path was spelled."""
    access.require(request.user, "rules")
    return str(request.user.person)


def _named(name: str) -> str:
    """A list's name from a path, fit to be asked for. Raises NotFound."""
    if not storable(name):
        raise NotFound("there is no list of this name; look at the lists there are")
    return name


def _cursor(value: str) -> str:
    return urlsafe_b64encode(value.encode()).decode().rstrip("=")


def _after(cursor: str) -> str:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        value = b64decode(padded, altchars=b"-_", validate=True).decode()
    except ValueError:
        value = "\0"
    if not storable(value):
        raise InvalidInput((FieldError("cursor", "must be the next_cursor of a page, unchanged"),))
    return value
