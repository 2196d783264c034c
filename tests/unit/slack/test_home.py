"""The home tab: who sees what on it, and what happens where Slack does not have it."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.actions.model import RequestState
from bot.channels.model import PersonSettings, QuietHours
from bot.chat.home import HomeFacts, home_page
from bot.chat.messages import Board
from bot.clock import ManualClock
from bot.drafts.model import Draft, DraftKind
from bot.jobs.ports import Job
from bot.people.model import Actor, Role, RoleBook
from bot.schedules.settings import ScheduleSettings
from bot.slack import payloads
from bot.slack.home import HOME_JOB, SlackHome, refresh_later
from bot.slack.people import SlackPeople
from knowledge.model import Visibility
from tests.support.actions import Team
from tests.support.databases import sqlite_database
from tests.support.schedule_world import LEAD, ScheduleWorld
from tests.support.slack_world import TEAM

ALICE = Actor(TEAM, "U0ALICE")


class Answer:
    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.status_code = 200
        self.headers: dict[str, str] = {}


class HomeClient(WebClient):
    """Slack's methods that the home tab needs; `refuses` names the code it answers with."""

    def __init__(self) -> None:
        super().__init__()
        self.views: dict[str, dict[str, Any]] = {}
        self.guests: set[str] = set()
        self.refuses = ""

    def views_publish(self, **arguments: Any) -> Any:
        self._refuse()
        self.views[arguments["user_id"]] = arguments["view"]
        return Answer({"ok": True})

    def users_info(self, **arguments: Any) -> Any:
        self._refuse()
        user = {"tz": "Europe/Berlin", "is_restricted": arguments["user"] in self.guests}
        return Answer({"ok": True, "user": user})

    def conversations_open(self, **arguments: Any) -> Any:
        self._refuse()
        return Answer({"ok": True, "channel": {"id": f"D{arguments['users']}"}})

    def _refuse(self) -> None:
        if self.refuses:
            answer = Answer({"ok": False, "error": self.refuses})
            raise SlackApiError("no", answer)


class HomeWorld(ScheduleWorld):
    """A world whose people look at the home tab."""

    def __init__(self, database: Any, clock: ManualClock) -> None:
        super().__init__(database, clock)
        self.client = HomeClient()
        self.people = SlackPeople(self.client, clock)
        self.forms = {"my_settings", "resolve"}

    def opens_home(self, actor: Actor = ALICE) -> str:
        roles = RoleBook(leads=[f"{TEAM}/{LEAD}"])
        home = SlackHome(
            self.database,
            self.client,
            self.people,
            roles,
            self.clock,
            ScheduleSettings(),
            self.forms,
        )
        home.show(actor)
        return str(self.client.views.get(actor.user_id, {}).get("blocks", ""))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[HomeWorld]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield HomeWorld(database, clock)


def test_an_engineer_sees_what_is_open_and_what_they_forgot(world: HomeWorld) -> None:
    world.takes_on(world.incident("CheckoutHighErrorRate"))
    world.incident("QueueGrows")
    world.clock.advance(7_200)
    shown = world.opens_home()
    assert "2 open" in shown
    assert "RCL-2 QueueGrows" in shown
    assert "nothing happened for 2 h" in shown
    assert shown.count("recall_open_resolve") == 2
    assert "recall_open_my_settings" in shown
    assert "This week" not in shown


def test_times_are_told_by_the_clocks_of_whoever_looks(world: HomeWorld) -> None:
    zone = PersonSettings(quiet=QuietHours(time_zone="Asia/Tokyo"))
    with world.database.begin() as uow:
        now = world.clock.now()
        uow.preferences.save_person(TEAM, "U0ALICE", zone, actor="t", now=now)
    assert "as of Thu 19 Nov 12:12 (Asia/Tokyo)" in world.opens_home()


def test_forms_that_are_not_there_have_no_button(world: HomeWorld) -> None:
    world.forms = set()
    world.incident("QueueGrows")
    assert "recall_open_" not in world.opens_home()


def test_a_lead_sees_drafts_alerts_without_a_runbook_and_the_week(world: HomeWorld) -> None:
    incident = world.incident("QueueGrows")
    with world.database.begin() as uow:
        uow.drafts.add(
            Draft(
                kind=DraftKind.RECORD,
                subject=incident.key,
                content={},
                made_by=ALICE.key,
                made_at=world.clock.now() - timedelta(days=3),
            )
        )
    lead, engineer = world.opens_home(Actor(TEAM, LEAD)), world.opens_home()
    assert "Record of RCL-1 — waits for 3 days" in lead
    assert "QueueGrows — checkout, prod, 1 incident" in lead
    assert "This week" in lead
    assert "held back" in lead
    assert "You proposed" in engineer
    assert "Without" not in engineer


def test_what_not_everyone_may_see_is_on_nobodys_home(world: HomeWorld) -> None:
    world.incident("SecretThing", visibility=Visibility(frozenset({f"{TEAM}/C9"})))
    shown = world.opens_home(Actor(TEAM, LEAD))
    assert "Nothing is open" in shown
    assert "No incident opened" in shown
    assert "Secret" not in shown


def test_actions_that_wait_are_shown_and_no_other(world: HomeWorld, tmp_path: Path) -> None:
    team = Team(world.database, world.clock, tmp_path)
    request = team.asked()
    with world.database.begin() as uow:
        uow.actions.move(request, RequestState.AWAITING_APPROVAL)
    shown = world.opens_home()
    assert "ACT-1 Touch a file" in shown
    assert "waits for approval, you asked for it, low risk, expires in" in shown
    assert "you asked for it" not in world.opens_home(Actor(TEAM, LEAD))
    assert "ACT-1" not in world.opens_home(Actor("T0OTHER", "U0ALICE"))
    with world.database.begin() as uow:
        [incident] = uow.incidents.active()
        uow.incidents.save(replace(incident, visibility=Visibility(frozenset({f"{TEAM}/C9"}))))
    assert "ACT-1" not in world.opens_home()
    with world.database.begin() as uow:
        uow.incidents.save(incident)
        held = uow.actions.get(request.id)
        assert held is not None
        uow.actions.move(held, RequestState.EXPIRED)
    assert "Actions that wait" not in world.opens_home()


def test_a_guest_is_told_nothing(world: HomeWorld) -> None:
    world.client.guests.add("U0GUEST")
    world.incident("QueueGrows")
    shown = world.opens_home(Actor(TEAM, "U0GUEST"))
    assert "Guests hold no role" in shown
    assert "QueueGrows" not in shown


@pytest.mark.parametrize("code", ["missing_scope", "unknown_method"])
def test_where_slack_has_no_home_tab_one_line_says_so(
    world: HomeWorld, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.client.refuses = code
    with caplog.at_level(logging.WARNING):
        assert world.people.direct(TEAM, "U0ALICE") is None
        assert world.people.time_zone("U0ALICE") is None
        home = SlackHome(
            world.database,
            world.client,
            world.people,
            RoleBook(),
            world.clock,
            ScheduleSettings(),
            (),
        )
        home.show(ALICE)
        home.show(ALICE)
    told = [record.getMessage() for record in caplog.records if code in record.getMessage()]
    assert len([line for line in told if line.startswith("the home tab is left out")]) == 1
    assert len(told) == 3


def test_the_home_tab_follows_what_its_owner_did(world: HomeWorld) -> None:
    with world.database.begin() as uow:
        refresh_later(uow, ALICE, world.clock)
        refresh_later(uow, ALICE, world.clock)
    with world.database.begin() as uow:
        [job] = uow.jobs.claim([HOME_JOB], world.clock.now(), 30, 10)
    home = SlackHome(
        world.database,
        world.client,
        world.people,
        RoleBook(),
        world.clock,
        ScheduleSettings(),
        (),
    )
    home.handlers()[HOME_JOB](Job(key=job.key, kind=job.kind, payload=job.payload))
    assert "U0ALICE" in world.client.views


def test_the_page_of_whoever_has_nothing_to_do_is_short(world: HomeWorld) -> None:
    with world.database.read() as uow:
        settings = uow.preferences.person(TEAM, "U1")
    page = home_page(HomeFacts(world.clock.now(), Role.RESPONDER, settings))
    assert isinstance(page, Board)
    assert [part.heading for part in page.parts] == ["Nothing is open", "You"]


def opened(tab: str, **changes: Any) -> dict[str, Any]:
    event = {"type": "app_home_opened", "user": "U0ALICE", "channel": "D1", "tab": tab}
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "event_id": "Ev1",
        "authorizations": [{"user_id": "U0BOT", "is_bot": True}],
        "event": event | changes,
    }


def test_looking_at_the_home_tab_is_wanted_and_says_nothing() -> None:
    assert payloads.is_wanted(opened("home"))
    assert payloads.home_opened(opened("home")) == ALICE
    assert payloads.said(opened("home")) is None


def test_other_tabs_and_other_events_open_no_home() -> None:
    assert payloads.home_opened(opened("messages")) is None
    assert payloads.home_opened(opened("home", type="app_mention")) is None
