"""A desk for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.services.file import parse_catalogue
from tests.support.databases import sqlite_database
from tests.support.desk import Desk

SERVICES = """
services:
  - name: checkout
    depends_on: [orders-db]
  - name: orders-db
  - name: vault
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield Desk(database, clock, catalogue=parse_catalogue(SERVICES))
