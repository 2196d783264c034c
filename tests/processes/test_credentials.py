"""`recall serve` with actions starts a runner, and gives it alone what opens other systems."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes.test_kill import family_of
from tests.support.actions import TOUCH
from tests.support.databases import sqlite_url

pytestmark = [pytest.mark.processes]


def test_only_the_runner_holds_credentials(tmp_path: Path) -> None:
    folder = tmp_path / "actions"
    folder.mkdir()
    (folder / "touch.yaml").write_text(TOUCH)
    sqlite_url(tmp_path)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RECALL_")} | {
        "RECALL_DATA_DIR": str(tmp_path),
        "RECALL_ACTIONS_DIR": str(folder),
        "RECALL_RUNNER_SECRET_TOKEN": "s3cret-of-the-runner",
    }
    serve = subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--port", "0"],
        env=environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        holders: dict[str, bool] = {}
        deadline = time.monotonic() + 60
        while set(holders) < {"engine", "front", "runner"}:
            assert time.monotonic() < deadline, holders
            for pid in family_of(serve.pid)[1:]:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                # A child that has not begun its own program yet is a copy of `serve`.
                if b"bot" in words and len(words) > 3 and words[3] != b"serve":
                    held = Path(f"/proc/{pid}/environ").read_bytes()
                    holders[words[3].decode()] = b"s3cret-of-the-runner" in held
        assert holders == {"engine": False, "front": False, "runner": True}
    finally:
        os.killpg(serve.pid, signal.SIGTERM)
        serve.wait(60)
