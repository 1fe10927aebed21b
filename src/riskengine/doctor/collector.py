"""The check of what traces and metrics are sent to."""

import asyncio
import http.client
import importlib.util
import urllib.error
import urllib.request

from riskengine.doctor.finding import Finding, fail, ok, warn
from riskengine.doctor.patient import Patient

PATIENCE_S = 3.0
"""For a collector to answer."""

_CHECK = "OTLP"
_PATH = "/v1/traces"


async def collector(patient: Patient) -> Finding:
    """Whether it takes what is sent: nothing, in the form of traces, which changes nothing there."""
    endpoint = patient.settings.otel_exporter_otlp_endpoint
    if endpoint is None:
        return ok(_CHECK, "OTEL_EXPORTER_OTLP_ENDPOINT is not set: nothing is sent")
    if importlib.util.find_spec("opentelemetry.exporter") is None:
        todo = 'pip install "riskengine[otlp]", or take OTEL_EXPORTER_OTLP_ENDPOINT away'
        return fail(_CHECK, "OpenTelemetry's exporter is not installed here: no process starts", todo)
    fault = await asyncio.to_thread(_fault, endpoint.rstrip("/") + _PATH)
    if fault is not None:
        todo = "start the collector, or correct OTEL_EXPORTER_OTLP_ENDPOINT; traces and metrics are lost meanwhile"
        return warn(_CHECK, f"{endpoint}{_PATH} {fault}", todo)
    return ok(_CHECK, f"{endpoint} takes traces")


def _fault(url: str) -> str | None:
    """What is wrong there; None if all is well."""
    request = urllib.request.Request(url, b"", {"Content-Type": "application/x-protobuf"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S):
            return None
    except urllib.error.HTTPError as error:
        with error:
            return f"answers {error.code}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"does not answer: {getattr(error, 'reason', error)}"


CHECKS = (collector,)
"""It needs none of our servers."""
