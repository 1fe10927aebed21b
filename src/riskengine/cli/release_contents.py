"""What commands on releases get: versions, drafts of their kind, and what a content would change."""

from pathlib import Path
from uuid import UUID

from riskengine.cli import differences
from riskengine.cli.differences import Difference
from riskengine.domain.errors import NotFound
from riskengine.domain.release import Draft, Kind
from riskengine.pipeline.publishing import Publishing


async def published(publishing: Publishing, kind: Kind, version: int | None = None) -> bytes | None:
    """What a version holds, by default the one that is to run; None if no model is. Raises NotFound."""
    number = (await publishing.running()).of(kind) if version is None else version
    return None if number is None else await publishing.content(kind, number)


async def changes(publishing: Publishing, kind: Kind, content: bytes, against: int | None = None) -> list[Difference]:
    """What a content changes, by default of what is to run. Raises NotFound and ConfigurationError."""
    return differences.between(kind, await published(publishing, kind, against), content)


async def draft(publishing: Publishing, kind: Kind, draft_id: UUID) -> Draft:
    """A draft of that kind, open or not. Raises NotFound."""
    found = await publishing.draft_of(draft_id)
    if found.kind is not kind:
        raise NotFound(f"draft {draft_id} is one of a {found.kind}; use the commands for those")
    return found


async def drafted(publishing: Publishing, kind: Kind, draft_id: UUID) -> bytes:
    """What a draft of that kind holds. Raises NotFound."""
    await draft(publishing, kind, draft_id)
    return await publishing.draft_content(draft_id)


def given(what: str) -> bytes | UUID:
    """What a file holds, or the id of a draft. Raises NotFound if a text is neither."""
    file = Path(what)
    if file.is_file():
        return file.read_bytes()
    try:
        return UUID(what)
    except ValueError:
        raise NotFound(f"there is no file {what}, and it is no id of a draft") from None
