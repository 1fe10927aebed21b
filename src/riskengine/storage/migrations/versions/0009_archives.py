"""Which months are archived.

Revision: 0009
"""

from riskengine.storage.migrations.statements import run

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Runs 0009_archives.sql."""
    run("0009_archives")
