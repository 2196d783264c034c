"""The front process: webhooks, Slack's deliveries, health. It loads no model and no index."""

import os
import socket
import threading
from pathlib import Path

import uvicorn

from bot.app import build_front
from bot.engine.ipc import SocketEngineClient
from bot.processes.child import StopRequest, set_up_logging
from bot.runner.credentials import refuse_credentials
from bot.settings import Settings

_KEEP_ALIVE_SECONDS = 75
_GRACE_SECONDS = 10


def run_front(settings: Settings, engine_socket: Path, listener: int) -> None:
    """Serve on the inherited listening socket until asked to stop."""
    set_up_logging(settings.log_level, "front")
    refuse_credentials(os.environ, "front")
    stop = StopRequest()
    stop.listen()
    front = build_front(settings, SocketEngineClient(engine_socket))
    config = uvicorn.Config(
        front.app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run,
        kwargs={"sockets": [socket.socket(fileno=listener)]},
        name="web",
        daemon=True,
    )
    thread.start()
    while thread.is_alive() and not stop.wait(0.5):
        pass
    server.should_exit = True
    thread.join(_GRACE_SECONDS + 5)
    front.stop()
