"""The Marks port on both databases."""

from bot.clock import ManualClock
from bot.store.database import Database


def test_a_mark_is_put_changed_and_removed(database: Database, clock: ManualClock) -> None:
    with database.begin() as unit:
        assert unit.marks.get("a") is None
        unit.marks.put("a", {"n": 1, "list": ["x", True]}, clock.now())
    with database.read() as unit:
        assert unit.marks.get("a") == {"n": 1, "list": ["x", True]}
    with database.begin() as unit:
        unit.marks.put("a", {"n": 2}, clock.now())
        assert unit.marks.get("a") == {"n": 2}
        unit.marks.remove("a")
        unit.marks.remove("never put")
        assert unit.marks.get("a") is None


def test_marks_are_listed_by_the_beginning_of_their_names(
    database: Database, clock: ManualClock
) -> None:
    with database.begin() as unit:
        for name in ("gap:2", "gap:1", "gap_3", "other"):
            unit.marks.put(name, {"name": name}, clock.now())
            clock.advance(1)
        unit.marks.put("gap:2", {"name": "again"}, clock.now())
    with database.read() as unit:
        assert dict(unit.marks.under("gap:")) == {
            "gap:1": {"name": "gap:1"},
            "gap:2": {"name": "again"},
        }
        assert list(unit.marks.under("gap:")) == ["gap:1", "gap:2"]
