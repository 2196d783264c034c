"""Preferences, placements and posts of other apps on both databases."""

from datetime import timedelta

from bot.alerts.model import Severity
from bot.channels.model import (
    ChannelSettings,
    Mode,
    PersonSettings,
    Placement,
    QuietHours,
    ToolPost,
)
from bot.clock import ManualClock
from bot.store.database import Database
from tests.contract.test_store_suggestions import an_incident


def test_what_was_never_chosen_is_the_default(database: Database) -> None:
    with database.read() as uow:
        assert uow.preferences.channel("T1", "C1") == ChannelSettings()
        assert uow.preferences.person("T1", "U1") == PersonSettings()
        assert uow.preferences.channels("T1") == {}


def test_settings_come_out_as_they_went_in_and_a_later_word_counts(
    database: Database, clock: ManualClock
) -> None:
    first = ChannelSettings(mode=Mode.THREAD)
    second = ChannelSettings(
        mode=Mode.CARD,
        services=("checkout",),
        least_severity=Severity.HIGH,
        quiet_until=clock.now(),
        quiet=QuietHours(start="22:00", end="07:00", time_zone="Europe/Berlin"),
        may_ping="owner",
    )
    person = PersonSettings(may_be_pinged=False)
    with database.begin() as uow:
        for settings in (first, second):
            uow.preferences.save_channel("T1", "C1", settings, actor="a", now=clock.now())
        uow.preferences.save_channel("T1", "C0", first, actor="a", now=clock.now())
        uow.preferences.save_channel("T2", "C1", first, actor="a", now=clock.now())
        uow.preferences.save_person("T1", "C1", person, actor="a", now=clock.now())
    with database.read() as uow:
        assert uow.preferences.channel("T1", "C1") == second
        assert list(uow.preferences.channels("T1")) == ["C0", "C1"]
        assert list(uow.preferences.everywhere()) == [("T1", "C0"), ("T1", "C1"), ("T2", "C1")]
        assert uow.preferences.person("T1", "C1") == person


def test_the_first_placement_stands_and_is_found_by_channel(
    database: Database, clock: ManualClock
) -> None:
    number, later = an_incident(database, clock, "a"), an_incident(database, clock, "b")

    def placement(incident_id: int, mode: Mode, minutes: int) -> Placement:
        at = clock.now() + timedelta(minutes=minutes)
        return Placement(incident_id=incident_id, team_id="T1", channel="C1", mode=mode, at=at)

    first, other = placement(number, Mode.SHADOW, 0), placement(later, Mode.CARD, 5)
    with database.begin() as uow:
        uow.placements.place(first)
        uow.placements.place(placement(number, Mode.CARD, 9))
        uow.placements.place(other)
    with database.read() as uow:
        assert uow.placements.of(number) == first
        assert uow.placements.since("T1", "C1", clock.now()) == [first, other]
        assert uow.placements.since("T1", "C1", other.at) == [other]
        assert uow.placements.since("T1", "C2", clock.now()) == []
        assert uow.placements.everywhere_since(clock.now()) == [first, other]


def test_a_channel_is_made_for_one_incident_and_the_newest_is_its_channel(
    database: Database, clock: ManualClock
) -> None:
    number, other = an_incident(database, clock, "a"), an_incident(database, clock, "b")
    with database.begin() as uow:
        uow.placements.dedicate("T1", "C1", number, clock.now())
        uow.placements.dedicate("T1", "C2", number, clock.now() + timedelta(seconds=1))
        uow.placements.dedicate("T1", "C1", other, clock.now() + timedelta(seconds=2))
    with database.read() as uow:
        assert uow.placements.incident_of("T1", "C1") == other
        assert uow.placements.incident_of("T1", "C9") is None
        assert uow.placements.channel_of(number) == ("T1", "C2")
        assert uow.placements.channel_of(other) == ("T1", "C1")


def test_posts_are_kept_once_with_their_newest_text_and_go_in_time(
    database: Database, clock: ManualClock
) -> None:
    old = ToolPost(team_id="T1", channel="C1", ts="1.0", text="firing", at=clock.now())
    new = old.model_copy(update={"ts": "2.0", "at": clock.now() + timedelta(hours=1)})
    with database.begin() as uow:
        assert uow.placements.add_post(old)
        assert not uow.placements.add_post(old)
        assert uow.placements.add_post(old.model_copy(update={"text": "resolved"}))
        assert uow.placements.add_post(new)
    with database.begin() as uow:
        posts = uow.placements.posts("T1", "C1", clock.now())
        assert [(one.ts, one.text) for one in posts] == [("2.0", "firing"), ("1.0", "resolved")]
        assert uow.placements.posts("T1", "C2", clock.now()) == []
        assert uow.placements.purge_posts(new.at) == 1
        assert [one.ts for one in uow.placements.posts("T1", "C1", clock.now())] == ["2.0"]
