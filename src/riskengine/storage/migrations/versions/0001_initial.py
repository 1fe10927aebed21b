"""The first schema.

Revision: 0001
"""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Runs 0001_initial.sql, which lies beside this folder."""
    statements = Path(__file__).parents[1].joinpath("0001_initial.sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None, "a migration runs on an open connection"
    await_only(driver.execute(statements))
