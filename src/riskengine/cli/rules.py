"""`riskengine rules`: rule sets."""

from riskengine.cli import releases
from riskengine.domain.release import Kind

app = releases.commands(Kind.RULESET, "Change the rules: check, compare, publish and roll back rule sets.")
