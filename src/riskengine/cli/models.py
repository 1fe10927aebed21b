"""`riskengine models`: bundles of models."""

from riskengine.cli import releases
from riskengine.domain.release import Kind

app = releases.commands(Kind.MODEL, "Change the model: check, compare, publish and roll back bundles.")
