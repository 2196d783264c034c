"""By how many bytes the database grows with each stored alert, raw bodies left out."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.clock import ManualClock
from tests.bench.measuring import print_table
from tests.generated.storms import CONDITIONS, START, make_storm
from tests.generated.storms_measure import post
from tests.support.databases import sqlite_database

pytestmark = pytest.mark.bench

SEED = 7
ALERTS = 5_000
GOAL = 2_048
PLAIN = "cascades and nodes"
"""Each alert begins and ends once or twice; in the storm of everything many flap, and every turn
stays in the timeline, so that there the figure is told and not judged."""
RAW = "inbox"
"""The table of bodies as they came, which are kept for a time that is a setting."""


@pytest.mark.parametrize("condition", [PLAIN, "all of it"])
def test_a_stored_alert_is_small(tmp_path: Path, condition: str) -> None:
    clock = ManualClock(START)
    storm = make_storm(SEED, ALERTS, CONDITIONS[condition])
    with sqlite_database(tmp_path, clock) as database:
        before = sizes(tmp_path)
        post(storm, database, clock)
    after = sizes(tmp_path)
    grown = {name: size - before.get(name, 0) for name, size in after.items() if name != RAW}
    whole = sum(grown.values())
    most = sorted(grown.items(), key=lambda one: -one[1])[:4]
    print_table(
        f"A stored alert, {condition}",
        ("alerts", "deliveries", "bytes an alert", "goal", *(name for name, _ in most)),
        [
            (
                *(ALERTS, len(storm.deliveries), whole / ALERTS, GOAL),
                *(size / ALERTS for _, size in most),
            )
        ],
        notes=["Pages of the database, indexes among them; both ends and the reasons are kept."],
    )
    if condition == PLAIN:
        assert whole / ALERTS <= GOAL


def sizes(folder: Path) -> Mapping[str, int]:
    """Bytes of the pages of each table and its indexes."""
    [path] = folder.glob("*.db")
    with sqlite3.connect(path) as connection:
        return dict(
            connection.execute(
                "select m.tbl_name, sum(s.pgsize) from dbstat s"
                " join sqlite_master m on m.name = s.name group by 1"
            ).fetchall()
        )
