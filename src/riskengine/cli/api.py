"""`riskengine api`: one API process."""

import sys

import uvicorn

from riskengine import logs
from riskengine.domain import clock
from riskengine.settings import Settings

_KEEP_ALIVE_S = (
    75  # longer than a balancer keeps an idle connection, so that the API never closes one it is about to use
)
_BACKLOG = 2048  # connections the kernel holds while the process is busy

_DOORS = 32
"""Connections that are accepted in one turn of the event loop. libuv accepts one for each listening socket: when turns
are long, because there is much to do, requests on new connections wait seconds to hear that they are refused.
"""


def command() -> None:
    """Run one API process until Ctrl-C or SIGTERM; settings come from the environment or .env."""
    settings = Settings.load()
    logs.configure(settings.log_level, settings.log_format)
    config = uvicorn.Config(
        "riskengine.api.app:create_app",
        factory=True,
        host=settings.api_host,
        port=settings.api_port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # nothing here asks where a client is
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, settings.shutdown_deadline_ms // clock.SECOND),
    )
    listening = config.bind_socket()
    server = uvicorn.Server(config)
    server.run(sockets=[listening, *(listening.dup() for _ in range(_DOORS - 1))])
    if not server.started:
        sys.exit(3)
