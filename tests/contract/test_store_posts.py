"""What other apps posted, and the alerts that were read out of it, on both databases."""

from datetime import timedelta

import pytest

from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.ports import AlertWrite
from bot.channels.model import ToolPost
from bot.clock import ManualClock
from bot.store.database import Database

FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED
PLACE = ("T1", "C1", "50.1")


def keep(database: Database, clock: ManualClock, ts: str, channel: str = "C1", **told: str) -> None:
    statuses = {fingerprint: AlertStatus(status) for fingerprint, status in told.items()}
    with database.begin() as uow:
        uow.placements.keep_told("T1", channel, ts, statuses, clock.now())


def told(database: Database, *place: str) -> dict[str, AlertStatus]:
    with database.read() as uow:
        return dict(uow.placements.told(*(place or PLACE)))


def an_incident_with(database: Database, clock: ManualClock, *fingerprints: str) -> int:
    with database.begin() as uow:
        incident, _ = uow.incidents.open(
            group_key=f"g{fingerprints}",
            title="t",
            service=None,
            environment=None,
            severity=Severity.HIGH,
            team_id="T1",
            now=clock.now(),
        )
        writes = [
            AlertWrite(
                alert=Alert(source="slack_post", fingerprint=one, name=one, status=FIRING),
                service=None,
                environment=None,
                incident_id=incident.id,
            )
            for one in fingerprints
        ]
        uow.alerts.save(writes, clock.now())
    return incident.id


def a_post(clock: ManualClock, ts: str, text: str = "down", **changes: str) -> ToolPost:
    values = {"team_id": "T1", "channel": "C1", **changes}
    return ToolPost(ts=ts, text=text, at=clock.now(), **values)


def test_of_a_post_that_told_nothing_nothing_is_known(database: Database) -> None:
    assert told(database) == {}


def test_each_alert_of_a_post_has_what_was_told_of_it_last(
    database: Database, clock: ManualClock
) -> None:
    keep(database, clock, "50.1", a="firing", b="firing")
    keep(database, clock, "50.1", b="resolved")
    assert told(database) == {"a": FIRING, "b": RESOLVED}
    keep(database, clock, "50.1", b="firing")
    assert told(database)["b"] is FIRING


def test_to_keep_nothing_changes_nothing(database: Database, clock: ManualClock) -> None:
    keep(database, clock, "50.1", a="firing")
    keep(database, clock, "50.1")
    assert told(database) == {"a": FIRING}


def test_posts_of_other_places_are_other_posts(database: Database, clock: ManualClock) -> None:
    keep(database, clock, "50.1", a="firing")
    keep(database, clock, "50.1", channel="C2", a="resolved")
    keep(database, clock, "50.2", a="resolved")
    assert told(database) == {"a": FIRING}
    assert told(database, "T2", "C1", "50.1") == {}


@pytest.mark.parametrize("strange", ["'; drop table post_alerts; --", "ü" * 300, "a\x00b"])
def test_a_strange_fingerprint_is_kept_as_it_is(
    database: Database, clock: ManualClock, strange: str
) -> None:
    keep(database, clock, "50.1", **{strange: "firing"})
    assert list(told(database)) == [strange.replace("\x00", "\ufffd")] or list(told(database)) == [
        strange.replace("\x00", "")
    ]


def test_an_incident_was_heard_where_its_alerts_were_posted_the_first_place_in_front(
    database: Database, clock: ManualClock
) -> None:
    mine = an_incident_with(database, clock, "a", "b")
    other = an_incident_with(database, clock, "c")
    keep(database, clock, "50.1", channel="C2", b="firing")
    clock.advance(60)
    keep(database, clock, "60.1", channel="C1", a="firing")
    keep(database, clock, "60.2", channel="C2", a="firing")
    keep(database, clock, "60.3", channel="C3", c="firing")
    with database.read() as uow:
        assert list(uow.placements.heard_in(mine)) == [("T1", "C2"), ("T1", "C1")]
        assert list(uow.placements.heard_in(other)) == [("T1", "C3")]
        assert list(uow.placements.heard_in(99)) == []


def test_a_post_is_new_once_and_again_when_its_text_is_another(
    database: Database, clock: ManualClock
) -> None:
    with database.begin() as uow:
        assert uow.placements.add_post(a_post(clock, "50.1"))
        assert not uow.placements.add_post(a_post(clock, "50.1"))
        assert uow.placements.add_post(a_post(clock, "50.1", "up again"))
        assert uow.placements.add_post(a_post(clock, "50.1", channel="C2"))
        [kept] = uow.placements.posts("T1", "C1", clock.now())
    assert kept.text == "up again"


def test_posts_come_newest_first_and_not_from_before(
    database: Database, clock: ManualClock
) -> None:
    with database.begin() as uow:
        uow.placements.add_post(a_post(clock, "10.1"))
    clock.advance(60)
    since = clock.now()
    with database.begin() as uow:
        for ts in ("50.1", "50.3", "50.2"):
            uow.placements.add_post(a_post(clock, ts))
        uow.placements.add_post(a_post(clock, "50.9", channel="C2"))
        assert [post.ts for post in uow.placements.posts("T1", "C1", since)] == [
            "50.3",
            "50.2",
            "50.1",
        ]


def test_old_ones_go_with_what_they_told(database: Database, clock: ManualClock) -> None:
    keep(database, clock, "10.1", a="firing")
    with database.begin() as uow:
        uow.placements.add_post(a_post(clock, "10.1"))
    clock.advance(3_600)
    keep(database, clock, "50.1", a="firing")
    with database.begin() as uow:
        uow.placements.add_post(a_post(clock, "50.1"))
        assert uow.placements.purge_posts(clock.now() - timedelta(minutes=1)) == 1
        assert uow.placements.purge_posts(clock.now() - timedelta(minutes=1)) == 0
        assert [post.ts for post in uow.placements.posts("T1", "C1", clock.now())] == ["50.1"]
    assert told(database, "T1", "C1", "10.1") == {}
    assert told(database) == {"a": FIRING}


def test_what_is_rolled_back_was_never_told(database: Database, clock: ManualClock) -> None:
    def breaks() -> None:
        with database.begin() as uow:
            uow.placements.keep_told(*PLACE, {"a": FIRING}, clock.now())
            uow.placements.add_post(a_post(clock, "50.1"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks()
    assert told(database) == {}
    with database.read() as uow:
        assert list(uow.placements.posts("T1", "C1", clock.now())) == []
