"""The first schema.

Revision: 0001
"""

from riskengine.storage.migrations.statements import run

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Runs 0001_initial.sql."""
    run("0001_initial")
