"""`python -m riskengine` is the command `riskengine`."""

from riskengine.cli.main import run

run()
