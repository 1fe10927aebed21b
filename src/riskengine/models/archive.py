"""The file that a bundle is: a zip of two or three members, none of which may be large."""

import zlib
from collections.abc import Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from riskengine.domain.errors import ConfigurationError

MODEL, MANIFEST, CARD = "model.onnx", "bundle.yaml", "card.md"

_MIB = 1024 * 1024

LARGEST_BUNDLE = 32 * _MIB
"""Bytes of a bundle. It is kept in PostgreSQL, and every process reads it at its start."""

LARGEST = {MODEL: 64 * _MIB, MANIFEST: _MIB, CARD: _MIB // 4}
"""Bytes of each member, unpacked."""

_REQUIRED = (MODEL, MANIFEST)
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of all members: the same content is to give the same bytes."""

_UNREADABLE = (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
"""What zipfile raises for damaged, encrypted or strangely packed members."""


def write(members: Mapping[str, bytes]) -> bytes:
    """The members as one file, always the same for the same members. Raises ConfigurationError if it is too large."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in sorted(members.items()):
            if len(content) > LARGEST[name]:
                raise _too_large(name)
            info = ZipInfo(name, _EPOCH)
            info.create_system = 3  # the same on all systems
            info.compress_type = ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    packed = file.getvalue()
    _refuse_large(packed)
    return packed


def read(content: bytes) -> dict[str, bytes]:
    """The members of a bundle. Raises ConfigurationError if it is not one; never unpacks more than is allowed."""
    _refuse_large(content)
    try:
        with ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()
            _refuse_other_members(names)
            return {name: _member(archive, name) for name in names}
    except _UNREADABLE as error:
        fault = str(error)[:1].lower() + str(error)[1:]
        raise ConfigurationError(f"the bundle is no zip file that can be read ({fault}); pack it again") from None


def _member(archive: ZipFile, name: str) -> bytes:
    """The content of a member; what its header says of its size is not believed."""
    with archive.open(name) as member:
        content = member.read(LARGEST[name] + 1)
    if len(content) > LARGEST[name]:
        raise _too_large(name)
    return content


def _refuse_large(content: bytes) -> None:
    if len(content) > LARGEST_BUNDLE:
        raise ConfigurationError(f"the bundle is larger than {LARGEST_BUNDLE // _MIB} MiB; make the model smaller")


def _refuse_other_members(names: list[str]) -> None:
    for name in _REQUIRED:
        if name not in names:
            raise ConfigurationError(f"the bundle has no {name}; pack it again")
    for name in names:
        if name not in LARGEST:
            raise ConfigurationError(
                f"the bundle has {name[:100]!r}, which does not belong there; it holds {', '.join(LARGEST)} alone"
            )
        if names.count(name) > 1:
            raise ConfigurationError(f"the bundle has {name} more than once; pack it again")


def _too_large(name: str) -> ConfigurationError:
    return ConfigurationError(f"{name} of the bundle is larger than {LARGEST[name] // 1024} KiB; make it smaller")
