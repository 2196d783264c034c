"""The engine process: everything that takes processor time, away from what must answer fast."""

import gc
import logging
import os
from pathlib import Path

from bot.app import build_engine
from bot.processes.child import StopRequest, set_up_logging
from bot.runner.credentials import refuse_credentials
from bot.settings import Settings

_log = logging.getLogger(__name__)


def run_engine(settings: Settings, socket: Path) -> None:
    """Build, start, answer on `socket`, and stop in order when asked to."""
    set_up_logging(settings.log_level, "engine")
    refuse_credentials(os.environ, "engine")
    stop = StopRequest()
    stop.listen()
    running = build_engine(settings)
    # The model's half a million objects stay until the end. Looking through them in each full
    # collection of garbage would stop all threads for a quarter of a second.
    gc.collect()
    gc.freeze()
    running.serve(socket, settings.data_dir)
    running.start()
    _log.info("ready")
    stop.wait()
    running.stop()
