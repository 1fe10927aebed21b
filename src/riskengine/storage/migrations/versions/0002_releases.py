"""Releases: rule sets, catalogues, rates and models as data.

Revision: 0002
"""

from riskengine.storage.migrations.statements import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Runs 0002_releases.sql."""
    run("0002_releases")
