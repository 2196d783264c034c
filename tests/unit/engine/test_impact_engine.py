"""The whole way: an engine on a database, asked over its socket, as the front asks."""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.app import build_engine
from bot.clock import ManualClock
from bot.engine.ipc import SocketEngineClient
from bot.errors import EngineUnavailable
from bot.settings import Settings
from knowledge.embed.hashing import HashingEmbedder
from knowledge.text.passages import passages_of
from tests.support.databases import sqlite_database
from tests.support.memory_knowledge import case, page

PAGE = page(
    "db/disk",
    "Database disk is full",
    "# Database disk is full\n\n1. Look at the free space of the volume.\n",
    alerts=("DiskFull",),
    services=("db",),
)
OTHER = page("cache", "Cache is cold", "# Cache is cold\n\n1. Warm it up.\n")
FULL = case(
    "INC-1",
    "Database disk is full",
    "No free space on the volume.",
    alerts=("DiskFull",),
    services=("db",),
    runbook="db/disk",
)


def waited(engine: SocketEngineClient, identity: str) -> Mapping[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        told = engine.impact({"do": "look", "id": identity}, 30)
        if told["state"] != "running":
            return told
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_preview_over_the_socket_and_the_database_stays_as_it_was(tmp_path: Path) -> None:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database, tempfile.TemporaryDirectory() as short:
        with database.begin() as uow:
            rows = [(one, passages_of(one)) for one in (PAGE, OTHER, FULL)]
            uow.knowledge.upsert(rows, actor="tests", now=clock.now())
        settings = Settings(data_dir=tmp_path)
        running = build_engine(settings, clock=clock, embedder=HashingEmbedder(1024))
        try:
            running.start()
            running.serve(Path(short) / "e.sock", settings.data_dir)
            engine = SocketEngineClient(Path(short) / "e.sock")
            before = database.knowledge_source().head()
            begun = engine.impact({"do": "start", "page_id": "db/disk"}, 30)
            told = waited(engine, begun["id"])
            with pytest.raises(EngineUnavailable, match="no page is named"):
                engine.impact({"do": "start"}, 30)
            assert database.knowledge_source().head() == before
        finally:
            running.stop()
    assert told["state"] == "done", told
    assert told["report"]["counts"] == {"gets": 0, "leaves": 1, "lost": 1, "won": 0}
    assert told["report"]["lost"][0]["id"] == "INC-1"
