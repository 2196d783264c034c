"""A large first index is built in a process of its own, and found where the engine looks."""

from pathlib import Path

import pytest

from bot import memory
from bot.clock import SystemClock
from bot.settings import load_settings
from knowledge.child import ChildFailed
from knowledge.errors import IndexDamaged
from knowledge.index.folder_lock import FolderLock
from knowledge.index.generations import Generations
from knowledge.model import Runbook
from knowledge.text.passages import passages_of
from tests.support.databases import sqlite_database

pytestmark = [pytest.mark.model, pytest.mark.processes]


def test_the_child_builds_the_index_of_the_model_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(environment={"RECALL_DATA_DIR": str(tmp_path)})
    page = Runbook(id="disk", title="Disk full", body="# Disk full\n\nFree the disk.")
    with sqlite_database(tmp_path, SystemClock()) as database:
        source = database.knowledge_source()
        source.upsert([(page, passages_of(page))], actor="t", now=SystemClock().now())
        memory.build_large_elsewhere(settings, source)
        assert Generations(settings.index_dir).list() == []  # not large
        monkeypatch.setattr(memory, "LARGE", 1)
        memory.build_large_elsewhere(settings, source)
        (built,) = Generations(settings.index_dir).list()
        assert built.passages == len(source.live_passage_ids())


def test_an_index_that_an_engine_serves_is_not_built_and_that_is_said(tmp_path: Path) -> None:
    settings = load_settings(environment={"RECALL_DATA_DIR": str(tmp_path)})
    with sqlite_database(tmp_path, SystemClock()):
        memory.build_elsewhere(settings, progress=print)
        (built,) = Generations(settings.index_dir).list()
        lock = FolderLock(settings.index_dir / built.name)
        lock.acquire()
        try:
            with pytest.raises(ChildFailed, match="there is nothing to build"):
                memory.build_elsewhere(settings, progress=print)
        finally:
            lock.release()


def test_an_error_of_the_bots_own_is_told_by_the_child(tmp_path: Path) -> None:
    settings = load_settings(environment={"RECALL_DATA_DIR": str(tmp_path)})
    with pytest.raises(ChildFailed, match=r"recall\.db"):
        memory.build_elsewhere(settings, progress=print)


def test_a_child_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = str(tmp_path / "no-such-model")
    settings = load_settings(
        environment={"RECALL_DATA_DIR": str(tmp_path), "RECALL_MODEL": missing}
    )
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(memory, "LARGE", 0)
    with (
        sqlite_database(tmp_path, SystemClock()) as database,
        pytest.raises(IndexDamaged, match="no-such-model"),
    ):
        memory.build_large_elsewhere(settings, database.knowledge_source())
