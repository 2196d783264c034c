"""How `recall serve` starts, fails to start, and stops: clearly, completely, losing nothing."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bot.demo.stage import Stage
from bot.demo.story import DATA, Story, StoryAlert, load_story
from knowledge.embed.port import Embedder
from knowledge.index.folder_lock import FolderLock
from knowledge.index.generations import Generations

pytestmark = [pytest.mark.processes]


def serve(folder: Path, timeout: float, **settings: str) -> subprocess.CompletedProcess[str]:
    """`recall serve` until it ends by itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECALL_")}
    environment: Mapping[str, str] = {
        **kept,
        "RECALL_DATA_DIR": str(folder),
        "RECALL_WEBHOOK_TOKEN": "t",
        **settings,
    }
    return subprocess.run(
        [sys.executable, "-m", "bot", "serve", "--port", "0"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def processes_that_name(folder: Path) -> list[str]:
    """Command lines and environments of living processes that belong to that data folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def test_a_broken_services_file_ends_the_start_with_what_is_wrong(tmp_path: Path) -> None:
    services = tmp_path / "services.yaml"
    services.write_text("services: [unclosed\n")
    ended = serve(tmp_path / "data", 60, RECALL_SERVICES_FILE=str(services))
    assert ended.returncode == 2
    assert "services.yaml:2 is not YAML" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count("is not YAML") == 1
    assert "ready" not in ended.stdout
    assert processes_that_name(tmp_path) == []


def test_a_model_folder_without_a_model_ends_the_start(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    ended = serve(tmp_path / "data", 60, RECALL_MODEL=str(model))
    assert ended.returncode == 2
    assert ended.stderr.count("is no sentence-transformers model") == 1
    assert "Traceback" not in ended.stderr
    assert processes_that_name(tmp_path) == []


@pytest.mark.soak
def test_an_index_that_another_process_holds_is_waited_for_and_then_given_up(
    tmp_path: Path, real_embedder: Embedder
) -> None:
    lock = FolderLock(Generations(tmp_path / "data" / "index").home(real_embedder.generation))
    lock.acquire()
    try:
        ended = serve(tmp_path / "data", 240)
    finally:
        lock.release()
    assert ended.returncode == 1
    assert "is in use by another process" in ended.stderr
    assert "was never ready; stopping" in ended.stderr
    assert 2 <= ended.stderr.count("starting it again") <= 6
    assert processes_that_name(tmp_path) == []


@pytest.fixture(scope="module")
def story() -> Story:
    return load_story()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, services=DATA / "services.yaml", knowledge=()) as opened:
        yield opened


def numbered(alert: StoryAlert, number: int) -> StoryAlert:
    service = f"{alert.labels['service']}-{number}"
    return replace(alert, labels={**alert.labels, "service": service, "pod": f"{service}-0"})


def sends_until_refused(stage: Stage, alert: StoryAlert, first: int, accepted: list[str]) -> None:
    """Alert after alert, until the server no longer answers."""
    with stage.bot.client() as client:
        for number in range(first, first + 500):
            body = numbered(alert, number).body(datetime.now(UTC))
            try:
                answer = client.post("/v1/alerts/alertmanager", json=body, timeout=5)
            except httpx.HTTPError:
                return
            assert answer.status_code in (202, 503)
            if answer.status_code == 202:
                accepted.append(answer.json()["id"])


def stop_under_load(
    stage: Stage, story: Story, folder: Path, ends: Sequence[signal.Signals]
) -> None:
    """Each time: load, an end in the middle of it, a look at the file, a start."""
    alert = next(one for one in story.fire_more if one.name == "GiftWrapPrinterOutOfPaper")
    accepted: list[str] = []
    for round_, end in enumerate(ends):
        senders = [
            threading.Thread(
                target=sends_until_refused,
                args=(stage, alert, 10_000 * round_ + 1000 * number, accepted),
            )
            for number in range(2)
        ]
        wanted = len(accepted) + 20
        for sender in senders:
            sender.start()
        while len(accepted) < wanted and any(sender.is_alive() for sender in senders):
            senders[0].join(0.01)
        if end is signal.SIGTERM:
            stage.bot.stop()
        else:
            stage.bot.kill()
        for sender in senders:
            sender.join(60)
        check_integrity(folder)
        stage.start_serve()

    def is_worked_off() -> bool:
        counts = stage.bot.get("/v1/inbox?limit=1")["counts"]
        return bool(counts["pending"] == 0)

    stage.bot.until(is_worked_off, 60)
    with sqlite3.connect(folder / "recall.db") as connection:
        states = dict(connection.execute("SELECT id, state FROM inbox"))
    assert len(accepted) >= 20
    assert {states.get(each) for each in accepted} == {"done"}


def check_integrity(folder: Path) -> None:
    with sqlite3.connect(folder / "recall.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.model
def test_what_was_accepted_before_a_stop_is_worked_off_after_the_start(
    stage: Stage, story: Story, tmp_path: Path
) -> None:
    stop_under_load(stage, story, tmp_path, [signal.SIGTERM])


@pytest.mark.model
@pytest.mark.soak
def test_the_database_is_whole_after_every_kind_of_end(
    stage: Stage, story: Story, tmp_path: Path
) -> None:
    stop_under_load(stage, story, tmp_path, [signal.SIGKILL, signal.SIGTERM] * 4)
