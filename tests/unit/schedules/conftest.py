"""The Slack world with a schedule: a manual clock, rooms without Slack, people who chose."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clock import ManualClock
from tests.support.databases import sqlite_database
from tests.support.schedule_world import ScheduleWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ScheduleWorld]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield ScheduleWorld(database, clock)
