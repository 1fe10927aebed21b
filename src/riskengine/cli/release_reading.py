"""What commands on releases show and compare; none of them changes anything."""

import asyncio
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from riskengine.cli import differences, release_contents, release_session, release_tables, shipped
from riskengine.domain.errors import InvalidInput, NotFound
from riskengine.domain.release import Kind
from riskengine.pipeline import contents
from riskengine.pipeline.contents import HIGHEST_VERSION
from riskengine.pipeline.publishing import Publishing

File = Annotated[Path, typer.Argument(help="The file.", exists=True, dir_okay=False, show_default=False)]
Number = Annotated[
    int | None, typer.Option(min=1, max=HIGHEST_VERSION, help="A version; by default the one that is to run.")
]


class Reading:
    """The commands, for one kind."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def add_to(self, app: typer.Typer) -> None:
        """Makes them commands of an app."""
        for command in (self.export, self.check, self.diff, self.show, self.drafts, self.history):
            app.command()(command)

    def export(
        self,
        version: Number = None,
        output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write it.")] = None,
    ) -> None:
        """Write a version as it was published: the one that is to run, or another."""
        if output is None and self._kind is Kind.MODEL:
            raise typer.BadParameter("a bundle is no text; say where to write it", param_hint="--output")
        content = release_session.run(lambda publishing: release_contents.published(publishing, self._kind, version))
        if content is None:
            raise NotFound("no model runs; `riskengine models show` shows what there is")
        if output is None:
            typer.echo(content, nl=False)
        else:
            output.write_bytes(content)

    def check(
        self,
        file: File,
        offline: Annotated[bool, typer.Option("--offline", help="Beside what is shipped, without a database.")] = False,
    ) -> None:
        """Check a file beside what else runs. Nothing is kept.

        Exit code 1, and all that is wrong with it, if it could not be published.
        """
        content = file.read_bytes()
        if offline:
            try:
                asyncio.run(shipped.examine(self._kind, content))
            except InvalidInput as error:
                release_session.refuse(error)
        else:
            runs = release_session.run(lambda publishing: self._examine(publishing, content))
            self._warn_of_base(contents.made_from(self._kind, content), runs)
        typer.echo(f"{differences.summary(self._kind, content)}, fit to be published")

    def diff(
        self,
        what: Annotated[str, typer.Argument(metavar="FILE|DRAFT_ID", help="A file, or the id of a draft.")],
        against: Number = None,
    ) -> None:
        """Show what a file or draft would change: of the version that is to run, or of another.

        Exit code 0 if nothing is different, 1 if something is.
        """
        given = release_contents.given(what)
        found = release_session.run(lambda publishing: self._changes(publishing, given, against))
        release_tables.differences(found)
        if found:
            raise typer.Exit(1)

    def show(self) -> None:
        """Show all versions, and what each process runs."""

        async def work(publishing: Publishing) -> None:
            runs = await publishing.running()
            release_tables.releases(await publishing.releases(self._kind), runs)
            release_tables.console().print()
            release_tables.processes(await publishing.processes(), runs)

        release_session.run(work)

    def drafts(self) -> None:
        """Show the drafts that are neither published nor discarded."""
        release_tables.drafts(release_session.run(lambda publishing: publishing.drafts(self._kind)))

    def history(
        self, limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many changes.")] = 50
    ) -> None:
        """Show who changed what runs, when and why, newest first."""
        release_tables.history(release_session.run(lambda publishing: publishing.history(self._kind, limit)))

    async def _examine(self, publishing: Publishing, content: bytes) -> int | None:
        await publishing.examine(self._kind, content)
        return (await publishing.running()).of(self._kind)

    async def _changes(
        self, publishing: Publishing, given: bytes | UUID, against: int | None
    ) -> list[differences.Difference]:
        if isinstance(given, UUID):
            given = await release_contents.drafted(publishing, self._kind, given)
        return await release_contents.changes(publishing, self._kind, given, against)

    def _warn_of_base(self, base: int | None, runs: int | None) -> None:
        if base not in (None, runs):
            typer.echo(
                f"The file says that it was made from {self._kind} {base}, and {runs} runs: see what is different, and "
                f"set its version to {runs}",
                err=True,
            )
