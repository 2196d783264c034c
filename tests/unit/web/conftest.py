"""Fixtures of the front's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bot.clock import ManualClock
from bot.store.database import Database
from tests.support.databases import sqlite_database
from tests.support.front_fakes import FakeEngine, front


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    with sqlite_database(tmp_path, clock) as database:
        yield database


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def client(database: Database, clock: ManualClock, engine: FakeEngine) -> Iterator[TestClient]:
    with front(database, clock, engine=engine) as (client, _):
        yield client
