"""All checks, in order."""

from collections.abc import Awaitable, Callable, Sequence

from riskengine.doctor import collector, configuration, contents, permissions, postgresql, processes, redis, replicas
from riskengine.doctor.finding import Finding, fail
from riskengine.doctor.patient import Patient
from riskengine.domain.errors import RiskEngineError

Check = Callable[[Patient], Awaitable[Finding]]

HERE: Sequence[Check] = (*configuration.CHECKS, *collector.CHECKS)
"""What is looked at without PostgreSQL and Valkey."""

GROUPS: tuple[tuple[str, Sequence[Check]], ...] = (
    (
        "PostgreSQL",
        (*postgresql.CHECKS, permissions.database, *contents.CHECKS, *replicas.CHECKS, *processes.CHECKS),
    ),
    ("Valkey", redis.CHECKS),
)
"""What is looked at, by the server that it takes. The first check of each tells whether that is there."""

_ADDRESS = {"PostgreSQL": "DATABASE_URL", "Valkey": "REDIS_URL"}


async def examine(patient: Patient) -> list[Finding]:
    """What all checks find. Where a server is away, that is all there is to say of it."""
    findings = [await _try(check, patient) for check in HERE]
    for server, (first, *others) in GROUPS:
        address = _ADDRESS[server]
        if address in patient.reading.faults:
            findings.append(fail(server, f"not looked at: {address} is missing or wrong", f"set {address}"))
            continue
        try:
            findings.append(await first(patient))
        except RiskEngineError as error:
            said = str(error).partition(";")[0]
            findings.append(fail(server, said, f"start it, or correct {address}"))
            continue
        findings += [await _try(check, patient) for check in others]
    return findings


async def _try(check: Check, patient: Patient) -> Finding:
    """What a check finds; what keeps it from looking is a finding, too."""
    try:
        return await check(patient)
    except RiskEngineError as error:
        what, _, todo = str(error).partition("; ")
        return fail(check.__name__, what, todo)
    except Exception as error:  # such as a server that does not let us look: the others are to be heard all the same
        return fail(check.__name__, f"{type(error).__name__}: {error}", "let this user look, or report it as a fault")
