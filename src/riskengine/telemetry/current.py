"""Which step of a trace the code runs in at the moment."""

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # OpenTelemetry is loaded only where traces are made
    from riskengine.telemetry.recorded import Recorded

step: "ContextVar[Recorded | None]" = ContextVar("step", default=None)
"""The step, by task; None if what runs is part of no trace."""
