"""How a migration runs the SQL that lies beside it."""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only


def run(name: str) -> None:
    """Runs all statements of `<name>.sql`."""
    statements = Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None, "a migration runs on an open connection"
    await_only(driver.execute(statements))
