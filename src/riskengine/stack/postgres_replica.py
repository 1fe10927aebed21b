"""A streaming replica of the embedded PostgreSQL."""

import re
import secrets
import shutil
from collections.abc import Collection
from pathlib import Path

from riskengine.stack import ports
from riskengine.stack.errors import StackError
from riskengine.stack.postgres import Postgres

_PREFIX = "riskengine_copy_"
"""How the names begin of the replicas' roles and slots at the primary: each replica has one of each, of one name."""

_PASSFILE = "replication.pass"
"""In the data directory, where the server works: libpq looks there, and nobody else can."""

_ROLE = """\
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role}; END IF;
END $$;
ALTER ROLE {role} LOGIN REPLICATION PASSWORD '{password}';
"""

_DROP_SLOTS = """\
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
WHERE NOT active AND slot_name LIKE '{prefix}%' AND NOT slot_name = ANY ('{{{kept}}}')
"""


class PostgresReplica(Postgres):
    """A PostgreSQL that follows `primary`, on the loopback interface, with its data and log in `directory`.

    It is a copy: what is not there, or too far behind for what the primary has kept, is made anew at its start. The
    primary keeps what it has not got yet, up to its own `max_slot_wal_keep_size`, and knows it by `name`.
    """

    def __init__(self, primary: Postgres, directory: Path, name: str = "replica", port: int | None = None) -> None:
        """The primary must be up when this is started, and keeps its port."""
        self._primary = primary
        self._role = role_of(name)
        following = {
            "primary_conninfo": f"host={ports.LOOPBACK} port={primary.port} user={self._role} passfile={_PASSFILE}",
            "primary_slot_name": self._role,
        }
        super().__init__(directory, port, {**primary.settings, **following}, name)
        self.password_file = primary.password_file  # the users are the primary's

    def start(self) -> None:
        """Returns when it accepts connections that read. Raises StackError if it does not, or is no copy any more."""
        password = secrets.token_urlsafe(24)
        self._primary.ask(_ROLE.format(role=self._role, password=password))
        if self._data.exists() and not (self._data / "standby.signal").exists():
            raise StackError(
                f"the replica in {self._directory} was promoted, and may hold what the primary never had: "
                "move it away to keep it, or remove it, and start again"
            )
        if not (self._data.exists() and self._can_go_on()):
            self._copy(password)
        self._secret(self._data / _PASSFILE, self._pass(password))
        super().start()

    def _can_go_on(self) -> bool:
        """Whether the primary has kept what is missing here."""
        kept = self._primary.ask(f"SELECT wal_status FROM pg_replication_slots WHERE slot_name = '{self._role}'")
        return bool(kept) and kept != ["lost"]

    def _copy(self, password: str) -> None:
        """Copies the primary, and has it keep what is written from now on. It appears whole or not at all."""
        shutil.rmtree(self._data, ignore_errors=True)
        self._primary.ask(
            f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '{self._role}'"
        )
        draft = self._draft()
        where = ("-h", ports.LOOPBACK, "-p", str(self._primary.port), "-U", self._role)
        how = ("--checkpoint=fast", "--create-slot", f"--slot={self._role}")
        self._run(draft, "pg_basebackup", "-D", self._place(draft), *where, *how, environment={"PGPASSWORD": password})
        self._secret(draft / "standby.signal", "")
        draft.rename(self._data)

    def _pass(self, password: str) -> str:
        return f"{ports.LOOPBACK}:{self._primary.port}:*:{self._role}:{password}\n"


def role_of(name: str) -> str:
    """What a replica of that name is called at the primary."""
    return _PREFIX + re.sub(r"\W", "_", name)


def forget_others(primary: Postgres, names: Collection[str]) -> None:
    """Has the primary keep nothing more for replicas of other names, which are run no longer."""
    primary.ask(_DROP_SLOTS.format(prefix=_PREFIX, kept=",".join(map(role_of, names))))
