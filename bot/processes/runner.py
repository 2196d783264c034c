"""The runner process: approved actions, away from everything that reads text from outside."""

import logging
import os

from bot.acting import open_runner
from bot.processes.child import StopRequest, set_up_logging
from bot.settings import Settings

_log = logging.getLogger(__name__)


def run_runner(settings: Settings, *, with_parent: bool) -> None:
    """Run until a signal, or until the parent is gone where `with_parent`."""
    set_up_logging(settings.log_level, "runner")
    stop = StopRequest(watch_parent=with_parent)
    stop.listen()
    with open_runner(settings, os.environ) as runner:
        runner.start()
        _log.info("ready")
        stop.wait()
        runner.stop()
