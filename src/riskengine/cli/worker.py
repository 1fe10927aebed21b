"""`riskengine worker`: one worker."""

import uvloop

from riskengine import logs
from riskengine.settings import Settings
from riskengine.worker import worker


def command() -> None:
    """Run one worker until Ctrl-C or SIGTERM; settings come from the environment or .env."""
    settings = Settings.load()
    logs.configure(settings.log_level, settings.log_format)
    uvloop.run(worker.run(settings))
