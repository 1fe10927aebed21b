"""What becomes of what cannot be decided.

Revision: 0005
"""

from riskengine.storage.migrations.statements import run

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Runs 0005_dead_letters.sql."""
    run("0005_dead_letters")
