"""What verifying a decision takes.

Revision: 0004
"""

from riskengine.storage.migrations.statements import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Runs 0004_proof.sql."""
    run("0004_proof")
