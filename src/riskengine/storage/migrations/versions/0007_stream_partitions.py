"""Which partition of the queue a pending transaction is on.

Revision: 0007
"""

from riskengine.storage.migrations.statements import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Runs 0007_stream_partitions.sql."""
    run("0007_stream_partitions")
