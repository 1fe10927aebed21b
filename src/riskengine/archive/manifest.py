"""What an archive says of itself: a file beside its data that vouches for every byte of them."""

import hashlib
import os
from pathlib import Path

import msgspec

from riskengine.archive.columns import Column
from riskengine.domain.errors import PartitionRefused
from riskengine.domain.month import Month

FORMAT = 1
"""The form of manifests. A newer one is refused, and not guessed at."""


class Contents(msgspec.Struct, frozen=True):
    """One table of the month: its file, the rows in it and their digest, the file's bytes and SHA-256, its columns."""

    file: str
    rows: int
    digest: str
    bytes: int
    sha256: str
    columns: tuple[Column, ...]


class Manifest(msgspec.Struct, frozen=True):
    """A month's archive. `schema` is the revision of the database's schema that it was made from."""

    format: int
    month: str
    schema: str
    archived_at: int
    transactions: Contents
    decisions: Contents

    def of(self, parent: str) -> Contents:
        """The contents of one of the two tables."""
        return self.transactions if parent == "transactions" else self.decisions


def path(directory: Path, month: Month) -> Path:
    """Where the manifest of a month lies."""
    return directory / f"riskengine_{month.suffix}.json"


def write(directory: Path, month: Month, manifest: Manifest) -> str:
    """Writes it, whole or not at all; returns its SHA-256."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    draft = path(directory, month).with_suffix(".part")
    with draft.open("wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    settle(draft, path(directory, month))
    return hashlib.sha256(text).hexdigest()


def read(directory: Path, month: Month, sha256: str | None = None) -> Manifest:
    """The manifest of a month. Raises PartitionRefused if it is missing, damaged, or not that of the SHA-256."""
    place = path(directory, month)
    try:
        text = place.read_bytes()
    except OSError as error:
        raise PartitionRefused(
            f"{place} cannot be read ({error.strerror}); say where the archive lies with --from"
        ) from error
    if sha256 is not None and hashlib.sha256(text).hexdigest() != sha256:
        raise PartitionRefused(f"{place} is not what was archived; bring back a copy of it that was not changed")
    try:
        found = msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise PartitionRefused(f"{place} is damaged ({error}); bring back a copy that is not") from error
    if found.format != FORMAT or found.month != str(month):
        raise PartitionRefused(f"{place} is of format {found.format} for {found.month}, not {FORMAT} for {month}")
    return found


def check(directory: Path, contents: Contents) -> None:
    """Raises PartitionRefused unless the file is there and each of its bytes is what was archived."""
    file = directory / contents.file
    if not file.is_file():
        raise PartitionRefused(f"{file} is missing; bring it back, or say where the archive lies with --from")
    if file.stat().st_size != contents.bytes or sha256_of(file) != contents.sha256:
        raise PartitionRefused(f"{file} is damaged: it is not what was archived; bring back a copy that is not")


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def settle(draft: Path, final: Path) -> None:
    """Gives a written file its name, for good."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(final)
    directory = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
