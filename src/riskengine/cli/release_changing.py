"""What commands on releases change: drafts, approvals, publications and rollbacks."""

import re
from typing import Annotated
from uuid import UUID

import typer

from riskengine.cli import liveness, release_contents, release_session, release_tables
from riskengine.cli.release_reading import File
from riskengine.cli.release_session import By, Note
from riskengine.domain.release import Draft, Kind, Publication
from riskengine.pipeline import contents
from riskengine.pipeline.contents import HIGHEST_VERSION
from riskengine.pipeline.publishing import Publishing

DraftId = Annotated[UUID, typer.Argument(help="The draft's id, as `drafts` shows it.", show_default=False)]

_NUMBER = re.compile("[1-9][0-9]{0,9}")

NO_MODEL = "none"
"""What `rollback --to` says to take the model out of service."""


class Changing:
    """The commands, for one kind."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def add_to(self, app: typer.Typer) -> None:
        """Makes them commands of an app."""
        for command in (self.apply, self.publish, self.approve, self.discard, self.rollback):
            app.command()(command)

    def apply(
        self,
        file: File,
        note: Note,
        by: By = None,
        publish: Annotated[bool, typer.Option("--publish", help="Publish it at once.")] = False,
    ) -> None:
        """Make a checked draft of a file; show its id, and what it changes.

        The version that the file names must be the one that runs: it was made from that.
        """
        who, why, content = release_session.person(by), release_session.reason(note), file.read_bytes()

        async def work(publishing: Publishing) -> None:
            draft = await self._apply(publishing, content, who, why)
            if publish:
                await self._publish(publishing, draft, who, why, from_file=True)

        release_session.run(work)

    def publish(
        self,
        what: Annotated[str, typer.Argument(metavar="DRAFT_ID|FILE", help="The id of a draft, or a file.")],
        note: Annotated[str, typer.Option("--note", help="Why; of a draft, by default its own note.")] = "",
        by: By = None,
    ) -> None:
        """Publish a draft, or a file at once, and wait until every process runs it.

        Exit code 1 if one does not within 15 seconds.
        """
        who = release_session.person(by)
        given = release_contents.given(what)
        why = note if isinstance(given, UUID) and not note else release_session.reason(note)

        async def work(publishing: Publishing) -> None:
            if isinstance(given, UUID):
                draft = await release_contents.draft(publishing, self._kind, given)
            else:
                draft = await self._apply(publishing, given, who, why)
            await self._publish(publishing, draft, who, why, from_file=not isinstance(given, UUID))

        release_session.run(work)

    def approve(self, draft_id: DraftId, by: By = None) -> None:
        """Approve a draft that somebody else made; show what it changes."""
        who = release_session.person(by)

        async def work(publishing: Publishing) -> None:
            await release_contents.draft(publishing, self._kind, draft_id)
            draft = await publishing.approve(draft_id, who)
            await self._show_changes(publishing, await publishing.draft_content(draft_id))
            typer.echo(f"draft {draft_id} of {draft.created_by} is approved by {draft.approved_by}")

        release_session.run(work)

    def discard(self, draft_id: DraftId) -> None:
        """End a draft that is not to be published."""

        async def work(publishing: Publishing) -> None:
            await release_contents.draft(publishing, self._kind, draft_id)
            await publishing.discard(draft_id)
            typer.echo(f"draft {draft_id} is discarded")

        release_session.run(work)

    def rollback(
        self,
        to: Annotated[str, typer.Option(help="The version to run again; of models also `none`.", show_default=False)],
        note: Note,
        by: By = None,
    ) -> None:
        """Run an older version again, and wait until every process does.

        Exit code 1 if one does not within 15 seconds.
        """
        version = self._version(to)
        who, why = release_session.person(by), release_session.reason(note)

        async def work(publishing: Publishing) -> None:
            await _wait(publishing, await publishing.rollback(self._kind, version, who, why))

        release_session.run(work)

    async def _apply(self, publishing: Publishing, content: bytes, by: str, note: str) -> Draft:
        base = contents.made_from(self._kind, content)
        await publishing.examine(self._kind, content, base=base)
        draft = await publishing.draft(self._kind, content, by, note, base=base)
        draft = await publishing.check(draft.draft_id)
        typer.echo(str(draft.draft_id))
        await self._show_changes(publishing, content)
        return draft

    async def _publish(self, publishing: Publishing, draft: Draft, by: str, note: str, *, from_file: bool) -> None:
        publication = await publishing.publish(draft.draft_id, by, note)
        if from_file and draft.base is not None:
            typer.echo(f"Set `version: {publication.version}` in the file: its next change is made from that", err=True)
        await _wait(publishing, publication)

    async def _show_changes(self, publishing: Publishing, content: bytes) -> None:
        release_tables.differences(await release_contents.changes(publishing, self._kind, content))

    def _version(self, to: str) -> int | None:
        if to == NO_MODEL and self._kind is Kind.MODEL:
            return None
        if not _NUMBER.fullmatch(to) or int(to) > HIGHEST_VERSION:
            raise typer.BadParameter("give the number of a version", param_hint="--to")
        return int(to)


async def _wait(publishing: Publishing, publication: Publication) -> None:
    release_tables.live(publication, await liveness.everywhere(publishing, publication))
