"""Which user of the operating system a server runs as."""

import os
import pwd
from pathlib import Path

import msgspec

from riskengine.stack.errors import StackError

_UNPRIVILEGED = "nobody"  # exists on every system, so that none needs to be made


class Identity(msgspec.Struct, frozen=True):
    """A user by number."""

    uid: int
    gid: int

    def own(self, *paths: Path) -> None:
        """Makes the user the owner of the paths."""
        for path in paths:
            os.chown(path, self.uid, self.gid)


def unprivileged(existing: Path) -> Identity | None:
    """Whom a server that refuses root (PostgreSQL does) runs as: None for ourselves, unless we are root.

    The owner of `existing`, if that is there and not root's, stays the same. Raises StackError without such a user.
    """
    if os.geteuid() != 0:
        return None
    if existing.exists() and (status := existing.stat()).st_uid != 0:
        return Identity(status.st_uid, status.st_gid)
    try:
        entry = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError as error:
        raise StackError(
            f"PostgreSQL does not run as root, and there is no user '{_UNPRIVILEGED}': run riskengine as another user"
        ) from error
    return Identity(entry.pw_uid, entry.pw_gid)
