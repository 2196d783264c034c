"""The shift handover, posted once at its time, and what it tells."""

from datetime import timedelta

from bot.alerts.model import Severity
from bot.channels.model import Mode, Placement
from knowledge.model import Visibility
from tests.support.schedule_world import CHANNEL, TEAM, ScheduleWorld, words_of
from tests.support.slack_world import ROOM

MORNING = "2026-11-20T08:00"


def test_a_channel_is_told_of_its_shift_at_the_time_it_chose(world: ScheduleWorld) -> None:
    world.channel_chooses(handover="08:00")
    world.has_no_reminders()
    world.knows()
    first = world.incident("CheckoutHighErrorRate", Severity.CRITICAL)
    second = world.incident("QueueGrows")
    world.works()
    world.takes_on(first)
    world.at("2026-11-20T03:00")
    world.ends(second, "added a consumer")
    world.at("2026-11-20T07:59")
    world.strikes()
    assert world.boards() == []
    world.at(MORNING)
    world.strikes()
    [board] = world.boards()
    told = words_of(board.message)
    assert "Shift handover: 1 open" in told
    assert "RCL-1 CheckoutHighErrorRate — critical, acknowledged, checkout, prod" in told
    assert "with alice; the like (INC-87): restarted report-worker" in told
    assert "RCL-2 QueueGrows — resolved after" in told
    assert "added a consumer" in told


def test_however_many_replicas_tick_it_is_said_once(world: ScheduleWorld) -> None:
    world.channel_chooses(handover="08:00")
    world.at(MORNING)
    for _ in range(3):
        world.schedule.tick()  # each has a memory of its own
    world.works()
    world.passes(minutes=5)
    assert len(world.boards()) == 1


def test_the_time_is_meant_in_the_zone_of_the_channel(world: ScheduleWorld) -> None:
    quiet = {"start": "06:00", "end": "09:30", "time_zone": "Europe/Berlin"}
    world.channel_chooses(handover="08:00", quiet=quiet)
    world.at("2026-11-20T07:00")
    world.strikes()
    [board] = world.boards()
    assert "nothing is open" in words_of(board.message)
    assert "Thu 08:00 (Europe/Berlin)" in words_of(board.message)


def test_a_mute_holds_it_until_its_end(world: ScheduleWorld) -> None:
    world.at(MORNING)
    muted = world.clock.now() + timedelta(minutes=30)
    world.channel_chooses(handover="08:00", quiet_until=muted)
    world.strikes()
    assert world.boards() == []
    world.passes(minutes=31)
    assert len(world.boards()) == 1


def test_what_to_watch_are_alerts_that_fire_often_and_snoozes_that_end(
    world: ScheduleWorld,
) -> None:
    for _ in range(3):
        world.ends(world.incident("DiskFull"))
        world.passes(minutes=60)
    snoozed = world.incident("CertificateExpires")
    world.channel_chooses(handover="08:00")
    world.at("2026-11-20T07:30")
    world.snoozes(snoozed, minutes=90)
    world.at(MORNING)
    world.strikes()
    told = words_of(world.boards()[-1].message)
    assert "DiskFull — checkout, prod, fired 3 times in 7 days" in told
    assert "RCL-4 CertificateExpires — snoozed until Fri 09:00 (UTC)" in told


def test_what_the_channels_readers_may_not_know_is_not_told(world: ScheduleWorld) -> None:
    world.channel_chooses(handover="08:00")
    elsewhere = Visibility(frozenset({f"{TEAM}/C9"}))
    world.incident("SecretThing", visibility=elsewhere)
    other = world.incident("OtherTeamsThing")
    with world.database.begin() as uow:
        uow.placements.place(
            Placement(
                incident_id=other.id,
                team_id=TEAM,
                channel="C2",
                mode=Mode.CARD,
                at=world.clock.now(),
            )
        )
    world.at(MORNING)
    world.schedule.tick()
    world.room = None
    world.works()
    told = words_of(world.boards()[-1].message)
    assert "nothing is open" in told
    assert "Secret" not in told
    assert "OtherTeams" not in told


def test_a_channel_shared_with_others_is_told_nothing(world: ScheduleWorld) -> None:
    world.rooms.shared.add(CHANNEL)
    world.channel_chooses(handover="08:00")
    world.at(MORNING)
    world.strikes()
    assert world.boards() == []
    assert ROOM.to.channel == CHANNEL
