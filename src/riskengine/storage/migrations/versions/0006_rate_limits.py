"""How much may be sent with an API key.

Revision: 0006
"""

from riskengine.storage.migrations.statements import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Runs 0006_rate_limits.sql."""
    run("0006_rate_limits")
