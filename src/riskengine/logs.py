"""How every process logs: one event a line, to standard error, as JSON or for people.

A line that is written in a request, or about a transaction of one, says so: `request_id`, and `trace_id` and `span_id`
where it is traced.
"""

import logging
import sys
from typing import Any

import structlog

from riskengine.telemetry import log_ids


def configure(level: str = "info", form: str = "json") -> None:
    """Sets up structlog, and sends what libraries log through `logging` the same way.

    `level` and `form` are the settings LOG_LEVEL and LOG_FORMAT.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        log_ids.add,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering = _rendering(form)
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)


def _rendering(form: str) -> list[Any]:
    if form == "console":
        plain = structlog.dev.plain_traceback  # the rich one shows local variables, which may hold personal data
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
