"""What was decided, added up.

Revision: 0009
"""

from riskengine.storage.migrations.statements import run

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Runs 0009_rollups.sql."""
    run("0009_rollups")
