"""Outlives a test run to stop its PostgreSQL server, however the run ended.

    python reaper.py OWNER_PID POSTMASTER_PID FOLDER

Ending a test run leaves its server running, and a killed run cannot clean up after itself. So
this small process waits for the owner to go away, stops the server and deletes its folder.
"""

import contextlib
import shutil
import signal
import sys
import time
from pathlib import Path

import psutil

POLL_SECONDS = 0.2
STOP_SECONDS = 10.0


def stop(postmaster: psutil.Process) -> None:
    """A fast shutdown; after STOP_SECONDS the whole process tree is killed."""
    family = [postmaster, *postmaster.children(recursive=True)]
    postmaster.send_signal(signal.SIGINT)
    _, alive = psutil.wait_procs(family, timeout=STOP_SECONDS)
    for process in alive:
        process.kill()


def main(owner_pid: int, postmaster_pid: int, folder: Path) -> None:
    postmaster = psutil.Process(postmaster_pid)
    with contextlib.suppress(psutil.NoSuchProcess):
        owner = psutil.Process(owner_pid)
        # is_running compares the start time too: a number used again is another process
        while owner.is_running() and owner.status() != psutil.STATUS_ZOMBIE:
            time.sleep(POLL_SECONDS)
    with contextlib.suppress(psutil.NoSuchProcess):
        stop(postmaster)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
