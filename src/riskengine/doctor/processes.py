"""Checks of the engine's own processes."""

from collections import Counter

from riskengine.doctor.finding import Finding, fail, ok, warn
from riskengine.doctor.patient import Patient
from riskengine.storage import processes, running

_CHECK = "processes"


async def living(patient: Patient) -> Finding:
    """Who lives, and whether all run what is published."""
    wanted = await running.get(patient.database)
    reports = await processes.living(patient.database)
    roles = Counter(report.role for report in reports)
    says = ", ".join(f"{roles[role]} {role}" for role in ("api", "worker"))
    for report in reports:
        if report.problem is not None:
            todo = "roll back, or bring that process to this version"
            return fail(_CHECK, f"{says}; {report.process_id} cannot run it: {report.problem}", todo)
    behind = [report.process_id for report in reports if report.running.generation != wanted.generation]
    if behind:
        return warn(_CHECK, f"{says}; not at what is published: {', '.join(behind)}", "look again in a second")
    if not all(roles[role] for role in ("api", "worker")):
        return warn(_CHECK, says, "start what is missing: `riskengine api`, `riskengine worker`")
    versions = f"rule set {wanted.ruleset}, catalogue {wanted.catalogue}, rates {wanted.rates}, lists {wanted.lists}"
    model = "no model" if wanted.model is None else f"model {wanted.model}"
    return ok(_CHECK, f"{says}; all run {versions}, {model}")


CHECKS = (living,)
