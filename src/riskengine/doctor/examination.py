"""All checks, in order."""

from collections.abc import Awaitable, Callable, Sequence

from riskengine.doctor import postgresql, processes, redis, replicas
from riskengine.doctor.finding import Finding, fail
from riskengine.doctor.patient import Patient
from riskengine.domain.errors import RiskEngineError

Check = Callable[[Patient], Awaitable[Finding]]

GROUPS: tuple[tuple[str, Sequence[Check]], ...] = (
    ("PostgreSQL", (*postgresql.CHECKS, *replicas.CHECKS, *processes.CHECKS)),
    ("Valkey", redis.CHECKS),
)
"""What is looked at, by the server that it takes. The first check of each tells whether that is there."""

_START = {"PostgreSQL": "start it, or correct DATABASE_URL", "Valkey": "start it, or correct REDIS_URL"}


async def examine(patient: Patient) -> list[Finding]:
    """What all checks find. Where a server is away, that is all there is to say of it."""
    findings: list[Finding] = []
    for server, (first, *others) in GROUPS:
        try:
            findings.append(await first(patient))
        except RiskEngineError as error:
            findings.append(fail(server, str(error).partition(";")[0], _START[server]))
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
