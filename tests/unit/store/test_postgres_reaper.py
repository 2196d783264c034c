"""A test run that is killed leaves no PostgreSQL server behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[3]
START = """
import sys, time
sys.path.insert(0, sys.argv[1])
from tests.support import postgres
postgres.server()
print(postgres.server().url("postgres"), flush=True)
time.sleep(600)
"""


@pytest.mark.processes
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_killed_owner_takes_its_server_with_it() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", START, str(ROOT)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        text=True,
    ) as owner:
        assert owner.stdout is not None
        folder = Path(owner.stdout.readline().strip().partition("host=")[2])
        postmaster = psutil.Process(int((folder / "postmaster.pid").read_text().split()[0]))
        owner.send_signal(signal.SIGKILL)
    postmaster.wait(timeout=20)
    deadline = time.monotonic() + 20
    while folder.parent.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.parent.exists()
