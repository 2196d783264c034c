"""A desk: an incident's world in which people type commands and fill in forms."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clock import ManualClock
from tests.support.databases import sqlite_database
from tests.support.ending_desk import Desk
from tests.support.slack_world import World


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield Desk(World(database, clock))
