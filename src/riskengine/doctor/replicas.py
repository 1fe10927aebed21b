"""Checks of PostgreSQL's read replicas."""

from riskengine.doctor.finding import Finding, fail, ok, warn
from riskengine.doctor.patient import NAME, Patient
from riskengine.domain.errors import ConfigurationError
from riskengine.storage.reads import Reads, Replicas
from riskengine.storage.replica import SETTING, Replica

LATE_S = 30.0
"""Seconds behind that are more than a burst of writes leaves."""

_CHECK = "read replicas"


async def replicas(patient: Patient) -> Finding:
    """Whether they are there, are replicas of this primary, and keep up."""
    urls = patient.settings.replica_urls
    if not urls:
        return ok(_CHECK, f"{SETTING} has none")
    try:
        reads = await Reads.connect(patient.database, Replicas(urls, 1, NAME, pooled=patient.settings.pooled))
    except ConfigurationError as error:
        return fail(_CHECK, str(error), f"correct {SETTING}")
    try:
        says = ", ".join(map(_how, reads.replicas))
        if not all(replica.up for replica in reads.replicas):
            return warn(_CHECK, says, "bring back what is away: the primary answers in its place")
        if any(replica.lag() > LATE_S for replica in reads.replicas):
            return warn(_CHECK, says, "see what holds replay up there: long queries, a slow disk, or a pause")
        return ok(_CHECK, says)
    finally:
        await reads.close()


def _how(replica: Replica) -> str:
    return f"{replica.name} {replica.lag():.1f} s behind" if replica.up else f"{replica.name} away"


CHECKS = (replicas,)
