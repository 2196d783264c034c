"""Fixtures of the storms' tests: a clock that stands still and a real, empty database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.store.database import Database
from tests.support.databases import sqlite_database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    with sqlite_database(tmp_path, clock) as database:
        yield database
