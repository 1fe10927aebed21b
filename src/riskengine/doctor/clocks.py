"""What is said of two clocks."""

from riskengine.doctor.finding import Finding, fail, ok, warn
from riskengine.domain.clock import SECOND

CLOCK_WARN_MS = 1_000
CLOCK_FAIL_MS = 5_000
"""How far clocks may differ (ms): the relay allows for five seconds, and a second is more than NTP leaves."""


def clock_finding(check: str, whose: str, before: int, there: int, after: int) -> Finding:
    """How a server's clock (ms), asked between two looks at ours, differs from it at least."""
    apart = max(before - there, there - after, 0)
    says, todo = f"{apart / SECOND:.1f} s between this machine's and {whose}", "have NTP set both"
    if apart > CLOCK_FAIL_MS:
        return fail(check, says, todo)
    return warn(check, says, todo) if apart > CLOCK_WARN_MS else ok(check, says)
