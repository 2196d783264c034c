"""The week for leads: its numbers with what they mean, and the bot's own noise."""

from datetime import timedelta

from bot.drafts.model import Draft, DraftKind, DraftState
from bot.schedules.settings import ScheduleSettings
from tests.support.saying import one_cause
from tests.support.schedule_world import LEAD, ScheduleWorld, words_of
from tests.support.slack_world import TEAM

MONDAY = "2026-11-23T09:00"
AT_HOME = f"D{LEAD}"


def draft(world: ScheduleWorld, kind: DraftKind, subject: str, days_old: int = 0) -> Draft:
    made_at = world.clock.now() - timedelta(days=days_old)
    values = {"subject": subject, "content": {}, "made_by": f"{TEAM}/U0ALICE"}
    with world.database.begin() as uow:
        return uow.drafts.add(Draft(kind=kind, made_at=made_at, **values))


def test_a_lead_is_told_of_the_week_on_monday_morning(world: ScheduleWorld) -> None:
    world.builder.gives = one_cause(passages=())
    incident = world.incident("CheckoutHighErrorRate")
    world.works()
    world.presses(world.card(), "helpful")
    draft(world, DraftKind.RECORD, incident.key)
    world.at(MONDAY)
    world.strikes()
    world.passes(minutes=10)
    [digest] = world.boards(AT_HOME)
    told = words_of(digest.message)
    assert "1 incident — the channels heard of all" in told
    assert "100% answered" in told
    assert "1 helpful, 0 not, 0 better silent" in told
    assert "Record of RCL-1" in told
    assert "CheckoutHighErrorRate — checkout, prod, 1 incident" in told
    assert "within the limit of 50 a day and channel" in told


def test_noise_over_the_limit_is_told(world: ScheduleWorld) -> None:
    world.settings = ScheduleSettings(leads=(f"{TEAM}/{LEAD}",), noise_limit=2)
    for number in range(3):
        world.incident(f"Alert{number}")
    world.works()
    world.at(MONDAY)
    world.strikes()
    assert "over the limit of 2 in 1 channel" in words_of(world.boards(AT_HOME)[0].message)


def test_a_leads_channel_gets_it_once_instead(world: ScheduleWorld) -> None:
    world.settings = ScheduleSettings(leads=(f"{TEAM}/{LEAD}",), leads_channel="C7")
    world.at(MONDAY)
    world.strikes()
    assert len(world.boards("C7")) == 1
    assert world.boards(AT_HOME) == []


def test_without_the_right_to_write_to_people_there_is_none(world: ScheduleWorld) -> None:
    world.has_direct_messages = False
    world.at(MONDAY)
    world.strikes()
    assert world.chat.posts == []


def test_what_nobody_decided_on_for_a_season_expires_and_is_counted(world: ScheduleWorld) -> None:
    world.at("2026-11-23T02:59")
    old = [
        draft(world, DraftKind.NOISE_RULE, "DiskFull", days_old=91),
        draft(world, DraftKind.RECORD, "RCL-1", days_old=91),
        draft(world, DraftKind.RUNBOOK_EDIT, "disk-full", days_old=89),
    ]
    world.at("2026-11-23T03:00")
    world.strikes()
    with world.database.read() as uow:
        found = [uow.drafts.get(one.id) for one in old]
    states = [one.state for one in found if one is not None]
    assert states == [DraftState.EXPIRED, DraftState.WAITING, DraftState.WAITING]
    assert ("recall/system", "draft.expired") in world.audited()
    world.at(MONDAY)
    world.strikes()
    assert "1 draft expired" in words_of(world.boards(AT_HOME)[0].message)
