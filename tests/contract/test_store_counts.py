"""Counts that outlive a process, on both databases."""

from datetime import timedelta

from bot.clock import ManualClock
from bot.counting import open_counts
from bot.counts.counting import Counts
from bot.counts.weeks import LATE, WEEK, begins_of_weeks
from bot.settings import Settings
from bot.store.database import Database
from tests.unit.web.test_read_api import take_in


def counts_on(database: Database, clock: ManualClock) -> Counts:
    documents = database.knowledge_source().list
    return open_counts(Settings(_env_file=None), database, clock, documents)


def kept(database: Database) -> dict[str, dict[str, object]]:
    with database.read() as uow:
        return {name: dict(value) for name, value in uow.marks.under("counted:").items()}


def test_weeks_that_are_over_are_kept_as_they_were_counted(
    database: Database, clock: ManualClock
) -> None:
    take_in(database, clock, {"name": "DiskFull", "labels": {"service": "db"}})
    counts = counts_on(database, clock)
    before = counts.weeks()
    assert before[0].numbers.incidents == 1
    assert not any(name.endswith(f"{before[0].begins:%Y-%m-%d}") for name in kept(database)), (
        "the week that goes on is never kept"
    )
    clock.advance((WEEK + LATE).total_seconds())
    assert counts.keep_up()
    with database.read() as uow:
        stored = uow.marks.get(f"counted:week:{before[0].begins:%Y-%m-%d}")
    assert stored is not None
    assert stored["value"]["numbers"]["incidents"] == 1
    assert [span.numbers.incidents for span in counts_on(database, clock).weeks()][1] == 1


def test_a_count_is_not_made_again_before_it_is_due(database: Database, clock: ManualClock) -> None:
    counts = counts_on(database, clock)
    assert counts.keep_up()
    first = kept(database)
    clock.advance(599)
    assert not counts.keep_up()
    assert kept(database) == first
    clock.advance(1)
    assert counts.keep_up()
    moved = {name for name, value in kept(database).items() if value != first[name]}
    assert moved == {"counted:looked"}, "weeks are due once an hour"
    clock.advance(3_000)
    counts.keep_up()
    assert kept(database).keys() == first.keys()
    assert all(value["at"] != first[name]["at"] for name, value in kept(database).items())


def test_weeks_of_long_ago_are_let_go(database: Database, clock: ManualClock) -> None:
    counts = counts_on(database, clock)
    counts.keep_up()
    oldest = f"counted:week:{begins_of_weeks(clock.now())[-1]:%Y-%m-%d}"
    assert oldest in kept(database)
    clock.advance(timedelta(days=7).total_seconds())
    counts.keep_up()
    assert oldest not in kept(database)


def test_what_another_version_kept_is_counted_again(database: Database, clock: ManualClock) -> None:
    strange = {"at": clock.now().isoformat(), "value": {"families": "many"}}
    with database.begin() as uow:
        uow.marks.put("counted:looked", strange, clock.now())
    found = counts_on(database, clock).coverage()
    assert found.value.families == 0
    assert kept(database)["counted:looked"] != strange


def test_a_clock_that_went_back_makes_nothing_young(database: Database, clock: ManualClock) -> None:
    counts = counts_on(database, clock)
    counts.coverage()
    clock.advance(-3_600)
    assert counts.coverage().at == clock.now()
