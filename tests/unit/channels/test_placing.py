"""From an incident to the place where it is spoken of, as the channels chose."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.model import ChannelSettings, Mode, ToolPost
from bot.channels.placing import Placing, first_place
from bot.chat.troubles import troubles
from bot.clock import ManualClock
from bot.incidents.model import Incident
from tests.support.databases import sqlite_database
from tests.support.desk import Desk
from tests.support.slack_world import CHANNEL, TEAM


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield Desk(database, clock)


def chose(desk: Desk, channel: str = CHANNEL, **settings: object) -> None:
    with desk.database.begin() as uow:
        uow.preferences.save_channel(
            TEAM,
            channel,
            ChannelSettings.model_validate(settings),
            actor="tests",
            now=desk.clock.now(),
        )


def placing(desk: Desk, default: Mode = Mode.SHADOW) -> Placing:
    return Placing(desk.database, desk.rooms, default, desk.clock)


def fired(desk: Desk) -> Incident:
    incident = desk.fires("CheckoutDown")
    assert incident is not None
    return incident


def test_by_default_it_is_spoken_of_in_the_shadow_channel_alone(desk: Desk) -> None:
    incident = fired(desk)
    assert placing(desk)(incident).room is None
    desk.rooms.shadow_channel = "C0SHADOW"
    where = placing(desk)(incident)
    assert where.mode is Mode.SHADOW
    assert where.room is not None
    assert where.room.to.channel == "C0SHADOW"
    assert where.chosen is not None
    assert where.chosen.channel == CHANNEL


def test_the_readers_of_the_shadow_channel_decide_what_may_be_used(desk: Desk) -> None:
    desk.rooms.shadow_channel = "C0SHADOW"
    assert placing(desk)(fired(desk)).audience.channel == f"{TEAM}/C0SHADOW"


def test_a_channel_may_have_a_shadow_channel_of_its_own(desk: Desk) -> None:
    desk.rooms.shadow_channel = "C0SHADOW"
    chose(desk, shadow_channel="C0OWN")
    where = placing(desk)(fired(desk))
    assert where.room is not None
    assert where.room.to.channel == "C0OWN"


def test_what_is_off_is_nowhere(desk: Desk) -> None:
    chose(desk, mode="off")
    assert placing(desk, Mode.CARD)(fired(desk)).room is None


def test_a_muted_channel_gets_nothing_new_but_its_own_incident_does(desk: Desk) -> None:
    until = desk.clock.now() + timedelta(hours=1)
    chose(desk, mode="card", quiet_until=until)
    incident = fired(desk)
    assert placing(desk)(incident).is_quiet
    with desk.database.begin() as uow:
        uow.placements.dedicate(TEAM, CHANNEL, incident.id, desk.clock.now())
    assert not placing(desk)(incident).is_quiet


def test_in_thread_mode_the_answer_waits_for_the_tools_post(desk: Desk) -> None:
    chose(desk, mode="thread")
    incident = fired(desk)
    where = placing(desk)(incident)
    with desk.database.begin() as uow:
        alerts = [stored.alert for stored in uow.alerts.of_incident(incident.id)]
        assert first_place(uow, where, incident, alerts) is None
        post = ToolPost(
            team_id=TEAM,
            channel=CHANNEL,
            ts="17.5",
            text="[FIRING] CheckoutDown",
            at=incident.opened_at - timedelta(minutes=1),
        )
        uow.placements.add_post(post)
        to = first_place(uow, where, incident, alerts)
        assert to is not None
        assert (to.channel, to.thread) == (CHANNEL, "17.5")


def test_an_old_post_of_the_same_alert_is_another_days(desk: Desk) -> None:
    chose(desk, mode="thread")
    incident = fired(desk)
    where = placing(desk)(incident)
    with desk.database.begin() as uow:
        alerts = [stored.alert for stored in uow.alerts.of_incident(incident.id)]
        old = ToolPost(
            team_id=TEAM,
            channel=CHANNEL,
            ts="1.0",
            text="[FIRING] CheckoutDown",
            at=incident.opened_at - timedelta(hours=5),
        )
        uow.placements.add_post(old)
        assert first_place(uow, where, incident, alerts) is None


def test_a_shared_channel_is_placed_as_one_that_sees_nothing(desk: Desk) -> None:
    desk.rooms.shared = frozenset({CHANNEL})
    where = placing(desk, Mode.CARD)(fired(desk))
    assert where.audience.sees_nothing


def test_a_channel_that_asks_for_the_service_gets_it(desk: Desk) -> None:
    chose(desk, "C0SHOP", services=("checkout",), mode="card")
    where = placing(desk)(replace(fired(desk), service="checkout"))
    assert where.room is not None
    assert where.room.to.channel == "C0SHOP"


def test_a_channel_that_cannot_be_found_is_on_record_until_it_is_there_again(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    incident, place = fired(desk), placing(desk, Mode.CARD)
    desk.rooms.refusal = "there is no channel #incidents; check RECALL_SLACK_CHANNEL"
    for _ in range(3):
        where = place(incident)
        assert (where.room, where.is_refused) == (None, True)
        desk.clock.advance(60)
    with desk.database.read() as uow:
        (trouble,) = troubles(uow)
    assert (trouble.channel, trouble.error) == ("cards", desk.rooms.refusal)
    assert trouble.since == desk.clock.now() - timedelta(minutes=3)
    assert len([one for one in caplog.records if "no card can be posted" in one.message]) == 1
    desk.rooms.refusal = ""
    assert place(incident).room is not None
    with desk.database.read() as uow:
        assert troubles(uow) == []
