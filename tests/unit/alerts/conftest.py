"""Fixtures of the intake's tests: a clock that stands still and a real, empty database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.store.database import Database
from tests.support.databases import postgresql_database, sqlite_database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    with sqlite_database(tmp_path, clock) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def either_database(request: pytest.FixtureRequest, clock: ManualClock) -> Iterator[Database]:
    """An empty database, the test once on each kind."""
    if request.param == "sqlite":
        yield request.getfixturevalue("database")
        return
    with postgresql_database(clock) as database:
        yield database
