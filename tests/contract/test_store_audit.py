"""The AuditLog port on both databases."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.audit.anchors import read_anchors
from bot.audit.model import GENESIS, AuditEvent, first_broken
from bot.audit.pruning import prune
from bot.audit.reading import rows_of
from bot.audit.shipping import FileSink
from bot.audit.verify import verify
from bot.clock import ManualClock
from bot.store.database import Database


def append(database: Database, clock: ManualClock, **data: object) -> AuditEvent:
    with database.begin() as unit:
        return unit.audit.append(
            at=clock.now(), actor="T1/U1", action="feedback", subject="s1", data=data
        )


def read(database: Database) -> list[AuditEvent]:
    with database.read() as unit:
        return list(unit.audit.list())


def test_events_are_numbered_from_one_and_chained(database: Database, clock: ManualClock) -> None:
    one, two = append(database, clock, n=1), append(database, clock, n=2)
    assert (one.seq, one.previous_hash) == (1, GENESIS)
    assert (two.seq, two.previous_hash) == (2, one.hash)
    assert read(database) == [one, two]


def test_the_chain_holds_for_data_that_databases_like_to_rewrite(
    database: Database, clock: ManualClock
) -> None:
    append(
        database,
        clock,
        big=1e20,
        small=1e-7,
        whole=1.0,
        nul="a\x00b",
        half="\ud800",
        word="naïve 🔥",
        nested={"z": (1, 2), "a": None},
        exact=2**60,
    )
    append(database, clock)
    assert first_broken(read(database)) is None
    with database.read() as unit:
        assert verify(unit.audit.rows()).ok


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET actor = 'somebody else' WHERE seq = 2",
        "UPDATE audit SET data = '{\"n\": 9}' WHERE seq = 2",
        "UPDATE audit SET seq = 9 WHERE seq = 2",
    ],
)
def test_a_change_made_later_shows(database: Database, clock: ManualClock, change: str) -> None:
    for n in range(3):
        append(database, clock, n=n)
    with database.writing() as connection:
        connection.execute(text(change))
    assert first_broken(read(database)) is not None
    with database.read() as unit:
        assert not verify(unit.audit.rows()).ok


def test_a_removed_event_shows(database: Database, clock: ManualClock) -> None:
    for n in range(3):
        append(database, clock, n=n)
    with database.writing() as connection:
        connection.execute(text("DELETE FROM audit WHERE seq = 2"))
    assert first_broken(read(database)) == 3


def test_an_event_of_a_unit_that_failed_never_happened(
    database: Database, clock: ManualClock
) -> None:
    append(database, clock)

    def append_and_fail() -> None:
        with database.begin() as unit:
            unit.audit.append(at=clock.now(), actor="a", action="b", subject="c", data={})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        append_and_fail()
    assert append(database, clock).seq == 2
    assert first_broken(read(database)) is None


def test_pages_begin_after_a_number(database: Database, clock: ManualClock) -> None:
    for n in range(5):
        append(database, clock, n=n)
    with database.read() as unit:
        assert [event.seq for event in unit.audit.list(after=2, limit=2)] == [3, 4]


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="time zone"), database.begin() as unit:
        unit.audit.append(at=datetime(2026, 1, 1), actor="a", action="b", subject="c", data={})


def test_old_events_go_and_the_chain_goes_on_behind_them(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    for n in range(5):
        append(database, clock, n=n)
        clock.advance(3_600)
    file = FileSink(tmp_path / "anchors")
    before = clock.now() - timedelta(hours=2)
    done = prune(database, before=before, anchors=(), sinks=[file], by="ops", now=clock.now())
    assert done is not None
    assert done.events == 3
    append(database, clock, n=9)
    verdict = verify(rows_of(database), read_anchors(tmp_path / "anchors"))
    assert verdict.ok, verdict.problem
    assert (verdict.events, verdict.head.seq) == (4, 7)
