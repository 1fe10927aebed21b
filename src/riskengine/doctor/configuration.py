"""Checks of the settings, and of this machine; these need no server."""

import difflib
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from riskengine.doctor.finding import Finding, fail, ok, warn
from riskengine.doctor.patient import Patient
from riskengine.resilience.redis_url import CLUSTER, RedisUrl
from riskengine.settings import table

NEWEST_PYTHON = (3, 13)
"""The last version of Python that everything is tried with."""

ALIKE = 0.85
"""How alike a variable must be to one of ours (of 1) to be taken for it: one wrong letter in eight."""

ALIKE_OF_OTHERS = 0.95
"""The same for variables that begin with OTEL: others have names there that are like ours, and right."""

ROOM_WARN, ROOM_FAIL = 0.10, 0.02
"""Shares of a disk that are to be free: below the first somebody is to act, below the second writing soon fails."""

_ARCHIVE = "archive directory"


async def versions(_: Patient) -> Finding:
    """What this command runs on, as processes that are started here do."""
    says = f"riskengine {metadata.version('riskengine')}, Python {platform.python_version()}"
    if sys.version_info[:2] > NEWEST_PYTHON:
        newest = ".".join(map(str, NEWEST_PYTHON))
        return warn("versions", says, f"everything is tried with Python up to {newest}: use that where it matters")
    return ok("versions", says)


async def settings(patient: Patient) -> Finding:
    """Whether all can be read: what is missing or wrong keeps every process from starting."""
    faults = patient.reading.faults
    if faults:
        says = "; ".join(faults.values())
        return fail("settings", says, "correct them in the environment or in .env: docs/settings.md has them all")
    return ok("settings", f"{len(patient.reading.values)} of {len(table())} are set, the others are as usual")


async def misspelt(patient: Patient) -> Finding:
    """Whether there are variables that somebody meant for us, and nobody reads."""
    known = {setting.variable for setting in table()}
    found = list(_misspelt(patient.environment, known))
    if found:
        says = ", ".join(f"{name} is no setting, {meant} is" for name, meant in found)
        return warn("unknown settings", says, "write the name as it is, or take the variable away")
    return ok("unknown settings", "no variable looks like one of ours and is none")


async def together(patient: Patient) -> Finding:
    """Whether settings go together that are each right by themselves."""
    check, told = "settings together", patient.settings
    if told.fail_points is not None:
        return fail(check, "FAIL_POINTS is set: whoever writes there ends processes", "take it away: it is for chaos")
    if told.worker_consumers > told.worker_db_pool_max:
        says = f"{told.worker_consumers} consumers of a worker share {told.worker_db_pool_max} connections"
        return warn(check, says, "set WORKER_DB_POOL_MAX to WORKER_CONSUMERS, or have fewer consumers")
    if "retention_months" in patient.reading.values and told.archive_directory is None:
        says = f"RETENTION_MONTHS is {told.retention_months}, and months that are over have nowhere to go"
        return warn(check, says, "set ARCHIVE_DIRECTORY, and have `riskengine partitions archive --due` run monthly")
    if RedisUrl.of(told.redis_url).kind == CLUSTER and told.stream_partitions == 1:
        says = "Valkey is a cluster, and STREAM_PARTITIONS is 1: one node does everything"
        return warn(check, says, "set STREAM_PARTITIONS to some for each node, the same for every process")
    return ok(check, "nothing contradicts")


async def archive(patient: Patient) -> Finding:
    """Whether months can be archived where they are to be."""
    told = patient.settings.archive_directory
    if told is None:
        return ok(_ARCHIVE, "ARCHIVE_DIRECTORY is not set: `riskengine partitions archive` wants `--to`")
    return _archive(Path(told))


def _archive(directory: Path) -> Finding:
    """What is said of the directory, or of what there is above it: archiving makes the rest."""
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not there.is_dir():
        return fail(_ARCHIVE, f"{there} is no directory", "correct ARCHIVE_DIRECTORY")
    if not os.access(there, os.W_OK | os.X_OK):
        return fail(_ARCHIVE, f"{there} cannot be written to", "let this user write there, or name another")
    if there != directory:
        return ok(_ARCHIVE, f"{directory} is not there yet, and can be made")
    return room(_ARCHIVE, directory, f"{directory} can be written to")


def room(check: str, directory: Path, says: str) -> Finding:
    """What is said of the disk under a directory."""
    usage = shutil.disk_usage(directory)
    says = f"{says}; {usage.free / 2**30:.1f} of {usage.total / 2**30:.1f} GiB are free"
    if usage.free < ROOM_FAIL * usage.total:
        return fail(check, says, "make room there now: soon nothing can be written")
    if usage.free < ROOM_WARN * usage.total:
        return warn(check, says, "make room there, or archive months: docs/partitions.md")
    return ok(check, says)


def _misspelt(environment: Mapping[str, str], known: set[str]) -> Iterator[tuple[str, str]]:
    """Variables that are none of ours and look like one, with that one."""
    bare = {name.replace("_", ""): name for name in known}
    for name in sorted(environment.keys() - known):
        letters = name.upper().replace("_", "").replace("-", "")
        cutoff = ALIKE_OF_OTHERS if letters.startswith("OTEL") else ALIKE
        if close := difflib.get_close_matches(letters, bare, n=1, cutoff=cutoff):
            yield name, bare[close[0]]


CHECKS = (versions, settings, misspelt, together, archive)
"""In this order. None needs a server."""
