"""Fixtures of the contract suite: every store test runs on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.store.database import Database
from tests.support.databases import postgresql_database, sqlite_database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> Iterator[Database]:
    """An empty migrated database; the test runs once on each kind."""
    opened = (
        sqlite_database(tmp_path, clock)
        if request.param == "sqlite"
        else postgresql_database(clock)
    )
    with opened as database:
        yield database
