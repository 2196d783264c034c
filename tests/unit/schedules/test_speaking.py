"""How often the bot speaks up: the channel's budget, what waits, and who is told of it."""

from bot.alerts.model import Severity
from bot.channels.interrupting import held_back_since
from bot.channels.model import ChannelSettings, Mode, QuietHours
from bot.channels.placing import Where, in_room
from bot.channels.rules import Chosen, is_quiet
from bot.chat.budget import DAY, HOUR
from bot.chat.messages import IncidentCard
from bot.incidents.model import Incident
from bot.suggestions.jobs import SuggestJob
from tests.support.schedule_world import CHANNEL, ScheduleWorld
from tests.support.slack_world import ROOM, TEAM


def cards(world: ScheduleWorld) -> list[str]:
    return [
        post.message.title for post in world.chat.posts if isinstance(post.message, IncidentCard)
    ]


def held_back(world: ScheduleWorld) -> int:
    with world.database.read() as uow:
        return held_back_since(uow, world.clock.now() - HOUR, f"T1/{CHANNEL}")


def test_a_channel_that_heard_enough_hears_the_rest_later(world: ScheduleWorld) -> None:
    world.channel_chooses(posts_per_hour=2)
    for number in range(5):
        world.incident(f"Alert{number}")
    world.works()
    assert cards(world) == ["Alert0", "Alert1"]
    assert held_back(world) == 3
    world.passes(minutes=61)
    assert len(cards(world)) == 4
    assert held_back(world) == 0
    world.passes(minutes=61)
    assert sorted(cards(world)) == [f"Alert{number}" for number in range(5)]


def test_what_is_critical_never_waits_and_still_costs_a_token(world: ScheduleWorld) -> None:
    world.channel_chooses(posts_per_hour=1)
    world.incident("Small")
    world.works()
    world.incident("Burning", Severity.CRITICAL)
    world.works()
    assert cards(world) == ["Small", "Burning"]
    assert held_back(world) == 0
    world.passes(minutes=55)
    world.incident("Late")
    world.works()
    assert cards(world) == ["Small", "Burning"]


def test_over_a_day_a_channel_hears_no_more_than_the_limit(world: ScheduleWorld) -> None:
    world.job = SuggestJob(world.database, world.builder, in_the_room, world.clock, a_day=3)
    for number in range(5):
        world.incident(f"Alert{number}")
        world.works()
        world.passes(minutes=60)
    assert cards(world) == ["Alert0", "Alert1", "Alert2"]
    world.incident("Burning", Severity.CRITICAL)
    world.works()
    assert cards(world)[-1] == "Burning"
    world.passes(minutes=18 * 60)
    assert len(cards(world)) == 4, "the day of the first three is not over"
    for _ in range(6):
        world.passes(minutes=61)
    assert cards(world)[4:] == ["Alert3", "Alert4"], "what waits comes in its turn"
    with world.database.read() as uow:
        said = uow.outbox.said_since(world.clock.now() - 3 * DAY)
    calm = [one.at for one in said if one.key != "card:RCL-6"]
    for at in calm:
        assert sum(at <= other < at + DAY for other in calm) <= 3


def in_the_room(incident: Incident) -> Where:
    return in_room(ROOM)


def test_an_edit_costs_nothing(world: ScheduleWorld) -> None:
    world.channel_chooses(posts_per_hour=1)
    incident = world.incident("Small")
    world.works()
    world.ends(incident)
    world.follow(incident.id, revision=2)
    assert world.card().state == "resolved"
    assert held_back(world) == 0


def test_answers_to_people_cost_nothing(world: ScheduleWorld) -> None:
    world.channel_chooses(posts_per_hour=1)
    for _ in range(3):
        world.says("<@U0BOT> why?")
    world.incident("Small")
    world.works()
    assert cards(world) == ["Small"]


def test_what_was_over_before_there_was_room_is_never_said(world: ScheduleWorld) -> None:
    world.channel_chooses(posts_per_hour=1)
    world.incident("First")
    world.works()
    second = world.incident("Second")
    world.works()
    world.ends(second)
    world.passes(minutes=61)
    assert cards(world) == ["First"]


def test_a_handover_waits_for_room_as_well(world: ScheduleWorld) -> None:
    world.channel_chooses(posts_per_hour=1, handover="08:00")
    world.at("2026-11-20T07:45")
    world.incident("Small")
    world.works()
    world.at("2026-11-20T08:00")
    world.strikes()
    assert world.boards() == []
    world.passes(minutes=46)
    assert len(world.boards()) == 1


def test_what_quiet_hours_held_comes_when_they_end(world: ScheduleWorld) -> None:
    """As long as it is quiet, the place of an incident says so."""
    night = ChannelSettings(quiet=QuietHours(start="03:00", end="07:00"))

    def where(_: Incident) -> Where:
        quiet = is_quiet(night, world.clock.now())
        return Where(ROOM, Mode.CARD, Chosen(TEAM, CHANNEL, night), is_quiet=quiet)

    world.job = SuggestJob(world.database, world.builder, where, world.clock)
    world.incident("Small")
    over = world.incident("Over")
    world.works()
    world.ends(over)
    world.at("2026-11-19T06:59")
    world.works()
    assert world.clock.now().hour == 6
    assert cards(world) == []
    world.at("2026-11-19T07:00")
    world.works()
    assert cards(world) == ["Small"]
