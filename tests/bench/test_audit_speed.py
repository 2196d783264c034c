"""A million events of the audit record are verified in at most 20 s."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.audit.model import GENESIS, event_hash
from bot.audit.verify import verify
from bot.cli.audit import rows_of
from bot.clock import SystemClock
from bot.store import tables
from tests.support.databases import sqlite_database

pytestmark = pytest.mark.bench
EVENTS = 1_000_000
MOST_SECONDS = 20.0


def test_a_million_events_are_verified_in_time(tmp_path: Path) -> None:
    at = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
    with sqlite_database(tmp_path, SystemClock()) as database:
        previous, rows = GENESIS, []
        for seq in range(1, EVENTS + 1):
            facts = {
                "seq": seq,
                "at": at,
                "actor": "T1/U024BE7LH",
                "action": "action.approved",
                "subject": f"ACT-{seq}",
                "data": {"digest": "0" * 64, "state": "approved", "template": "restart v3"},
                "previous_hash": previous,
            }
            previous = event_hash(**facts)  # type: ignore[arg-type]
            rows.append({**facts, "hash": previous})
            if len(rows) == 10_000:
                with database.writing() as connection:
                    connection.execute(tables.audit.insert(), rows)
                rows = []
        began = time.perf_counter()
        verdict = verify(rows_of(database))
        took = time.perf_counter() - began
    print(f"{verdict.events} events verified in {took:.1f} s")
    assert verdict.ok
    assert verdict.events == EVENTS
    assert took <= MOST_SECONDS
