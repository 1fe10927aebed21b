"""What answers on lists and snoozes hold."""

from typing import Annotated

import msgspec
from msgspec import Meta

from riskengine.api.views import Time, time
from riskengine.domain.listing import Effect, Kind
from riskengine.pipeline.curating import Changed
from riskengine.storage.lists import ListSummary, StoredEntry, StoredSnooze


class ListView(msgspec.Struct, frozen=True):
    """A list, and how many entries it has; `expired` ones among them no longer count."""

    name: str
    kind: Kind
    effect: Effect
    field: str
    description: str
    entries: int
    expired: int

    @classmethod
    def of(cls, summary: ListSummary) -> "ListView":
        """The list as it is shown."""
        return cls(**msgspec.structs.asdict(summary.definition), entries=summary.entries, expired=summary.expired)


class ListsView(msgspec.Struct, frozen=True):
    """All lists, by name."""

    lists: list[ListView]


class EntryView(msgspec.Struct, frozen=True):
    """An entry; `expires_at` is null if it never ends."""

    value: Annotated[str, Meta(description="in its one form")]
    expires_at: Time | None
    note: str
    added_by: str
    added_at: Time

    @classmethod
    def of(cls, entry: StoredEntry) -> "EntryView":
        """The entry as it is shown."""
        expires_at = None if entry.expires_at is None else time(entry.expires_at)
        return cls(entry.value, expires_at, entry.note, entry.added_by, time(entry.added_at))


class EntriesView(msgspec.Struct, frozen=True):
    """Entries by value. `next_cursor` leads to those after them; it is null at the end."""

    entries: list[EntryView]
    next_cursor: str | None


class SnoozeView(msgspec.Struct, frozen=True):
    """A rule that does not count for one entity, told by a field of the transaction, before `until`."""

    rule_id: str
    field: str
    value: str
    until: Time
    note: str
    added_by: str
    added_at: Time

    @classmethod
    def of(cls, stored: StoredSnooze) -> "SnoozeView":
        """The snooze as it is shown."""
        snooze = stored.snooze
        own = {"until": time(snooze.until), "added_at": time(stored.added_at)}
        rest = {"note": stored.note, "added_by": stored.added_by}
        return cls(**(msgspec.structs.asdict(snooze) | rest | own))


class SnoozesView(msgspec.Struct, frozen=True):
    """The snoozes that silence something now."""

    snoozes: list[SnoozeView]


class ChangedView(msgspec.Struct, frozen=True):
    """What a change has made. If nothing came or went, `version` is what it was."""

    version: Annotated[int, Meta(description="of all lists and snoozes; decisions name it")]
    added: Annotated[int, Meta(description="entries (or snoozes) that came")]
    removed: Annotated[int, Meta(description="that went; one that got another end or note did both")]

    @classmethod
    def of(cls, changed: Changed) -> "ChangedView":
        """The change as it is shown."""
        return cls(changed.version, changed.added, changed.removed)
