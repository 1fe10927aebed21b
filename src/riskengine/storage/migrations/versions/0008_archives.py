"""Which months are archived.

Revision: 0008
"""

from riskengine.storage.migrations.statements import run

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Runs 0008_archives.sql."""
    run("0008_archives")
