"""`riskengine rates`: tables of exchange rates."""

from riskengine.cli import releases
from riskengine.domain.release import Kind

app = releases.commands(Kind.RATES, "Change the exchange rates: check, compare, publish and roll back tables.")
