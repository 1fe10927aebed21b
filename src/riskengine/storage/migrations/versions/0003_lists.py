"""Lists and snoozes.

Revision: 0003
"""

from riskengine.storage.migrations.statements import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Runs 0003_lists.sql."""
    run("0003_lists")
