"""Where a role comes from: settings, a user group of the chat, the identity provider. And what
it is worth: over what risk, from which place, for how long."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.acting import build_runner
from bot.actions.glass import Blow, Glass
from bot.actions.model import ActionRequest, RequestState
from bot.actions.switch import StopSwitch
from bot.chat.messages import Board
from bot.chat.ports import Destination
from bot.clock import ManualClock
from bot.errors import ChatUnavailable
from bot.people.groups import GroupWatch
from bot.people.model import Actor, Role
from bot.people.standing import FRESH, keep_members, keep_signed_on
from bot.slack.blocks import render
from bot.store.database import Database
from tests.support.actions import ADA, ALICE, BOB, LENA, TEAM, TOUCH, Team

GROUP = f"{TEAM}/S0LEADS"
HIGH = TOUCH.replace("risk: low", "risk: high")
IN_CONSOLE = HIGH + "approve_in: console\n"
SOMEBODY = Actor("OIDC", "ABC234")
"""An identity that only the identity provider knows."""


@pytest.fixture
def make(database: Database, clock: ManualClock, tmp_path: Path):
    def make(*templates: str, **environment: str) -> Team:
        defaults = {"RECALL_LEAD_GROUPS": GROUP, "RECALL_SAME_PEOPLE": f"OIDC/BOB222={TEAM}/{BOB}"}
        return Team(database, clock, tmp_path, *templates, **(defaults | environment))

    return make


def in_group(team: Team, *users: str) -> None:
    with team.database.begin() as uow:
        keep_members(uow.marks, uow.audit, GROUP, users, by="recall/system", now=team.clock.now())


def signs_on(team: Team, actor: Actor, role: Role) -> None:
    with team.database.begin() as uow:
        keep_signed_on(uow.marks, uow.audit, actor, role, team.clock.now())


# -- user groups ---------------------------------------------------------------------------------


def test_a_member_of_the_group_approves_what_is_of_low_risk(make) -> None:
    team = make()
    in_group(team, BOB)
    request = team.asked()
    assert BOB in team.card(request).people, "members are asked as well"
    team.approves(BOB, request)
    assert team.state(request) is RequestState.APPROVED
    team.runs()
    assert team.is_there()


def test_a_group_gives_no_right_over_what_is_of_high_risk(make) -> None:
    team = make(HIGH)
    in_group(team, BOB)
    request = team.asked()
    assert BOB not in team.card(request).people
    team.approves(BOB, request)
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    assert "you may not approve it" in team.told()[-1]


def test_whoever_left_the_group_since_has_not_approved(make) -> None:
    team = make()
    in_group(team, BOB)
    request = team.asked()
    team.approves(BOB, request)
    in_group(team)
    team.runs()
    assert team.state(request) is RequestState.DENIED
    assert not team.is_there()


def test_a_group_that_was_not_read_for_a_while_gives_no_role(make) -> None:
    team = make()
    in_group(team, BOB)
    request = team.asked()
    team.clock.advance(FRESH.total_seconds() + 1)
    team.approves(BOB, request)
    assert team.state(request) is RequestState.AWAITING_APPROVAL


def test_a_group_that_is_not_in_the_settings_gives_nothing(make) -> None:
    team = make(RECALL_LEAD_GROUPS=f"{TEAM}/S0OTHER")
    in_group(team, BOB)
    request = team.asked()
    team.approves(BOB, request)
    assert team.state(request) is RequestState.AWAITING_APPROVAL


def test_every_change_of_a_group_is_on_the_record_once(make) -> None:
    team = make()
    for users in ((BOB,), (BOB,), (ALICE, BOB), ()):
        in_group(team, *users)
    with team.database.read() as uow:
        told = [e.data for e in uow.audit.list() if e.action == "roles.group_changed"]
    assert told == [
        {"came": [BOB], "went": []},
        {"came": [ALICE], "went": []},
        {"came": [], "went": sorted([ALICE, BOB])},
    ]


def test_guests_are_in_no_group_and_an_away_chat_changes_nothing(make) -> None:
    team = make()
    answers: list[object] = [["U1", "U2GUEST"], ChatUnavailable("away"), None]

    def ask(group: str) -> list[str] | None:
        assert group == "S0LEADS"
        answer = answers.pop(0)
        if isinstance(answer, ChatUnavailable):
            raise answer
        return answer  # type: ignore[return-value]

    watch = GroupWatch(team.database, [GROUP], ask, lambda user: "GUEST" not in user, team.clock)

    def kept() -> list[str]:
        with team.database.read() as uow:
            return uow.marks.get(f"usergroup:{GROUP}")["users"]

    watch.look()
    assert kept() == ["U1"]
    watch.look()
    assert kept() == ["U1"], "while the chat is away it only grows old"
    watch.look()
    assert kept() == [], "what is refused is taken away"


# -- the console, signed on ----------------------------------------------------------------------


def _now(team: Team, number: int) -> ActionRequest:
    with team.database.read() as uow:
        found = uow.actions.get(number)
    assert found is not None
    return found


def decides(team: Team, number: int, actor: Actor, *, deed: str = "approve", seen: str = "") -> str:
    request = _now(team, number)
    said = team.buttons.decide_signed_on(
        number, f"action_{deed}", seen or request.digest, actor, "Somebody"
    )
    team.says()
    return said


def test_what_is_approved_in_the_console_alone_answers_a_click_with_a_link(make) -> None:
    team = make(IN_CONSOLE)
    request = team.asked()
    assert any("approved in the console alone" in fact for fact in team.card(request).facts)
    team.approves(LENA, request)
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    [board] = [post.message for post in team.chat.posts if isinstance(post.message, Board)]
    assert board.parts[0].lines[0].url == f"http://127.0.0.1:8080/console/actions/{request.id}"
    assert "by single sign-on" in board.note
    drawn = str(render(board).blocks)
    assert f"<http://127.0.0.1:8080/console/actions/{request.id}|Open ACT-1" in drawn
    assert ("U0LENA", "action.denied") in team.audited()


def test_a_lead_by_the_identity_provider_approves_in_the_console_and_it_runs(make) -> None:
    team = make(IN_CONSOLE)
    signs_on(team, Actor("OIDC", "BOB222"), Role.LEAD)
    request = team.asked()
    assert decides(team, request.id, Actor("OIDC", "BOB222")) == ""
    assert team.state(request) is RequestState.APPROVED
    assert team.card(request).approved_by == (BOB,), "shown as the chat knows them"
    team.runs()
    assert team.is_there()


def test_the_settings_ask_for_the_console_by_risk_and_the_stricter_word_counts(
    make, database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    oidc = {
        "RECALL_OIDC_ISSUER": "https://login.example.org",
        "RECALL_OIDC_CLIENT_ID": "recall",
        "RECALL_OIDC_CLIENT_SECRET": "x",
        "RECALL_PUBLIC_URL": "https://recall.example.org",
        "RECALL_APPROVE_IN_CONSOLE": "high,critical",
    }
    team = make(HIGH, TOUCH.replace("id: touch", "id: low-touch"), **oidc)
    high, low = team.asked(), team.asked(template="low-touch", name="that")
    team.approves(LENA, high)
    team.approves(LENA, low)
    boards = [post.message for post in team.chat.posts if isinstance(post.message, Board)]
    assert "https://recall.example.org/console/actions/1" in str(boards)
    assert team.state(high) is RequestState.AWAITING_APPROVAL
    assert team.state(low) is RequestState.APPROVED


def test_a_role_that_the_provider_gives_no_more_has_not_approved(make) -> None:
    team = make(IN_CONSOLE)
    bob = Actor("OIDC", "BOB222")
    signs_on(team, bob, Role.LEAD)
    request = team.asked()
    assert decides(team, request.id, bob) == ""
    signs_on(team, bob, Role.RESPONDER)
    team.runs()
    assert team.state(request) is RequestState.DENIED
    with team.database.read() as uow:
        told = [e.data for e in uow.audit.list() if e.action == "roles.signed_on"]
    assert told == [
        {"before": None, "role": "lead"},
        {"before": "lead", "role": "responder"},
    ]


def test_nobody_approves_their_own_by_another_door(make) -> None:
    team = make(IN_CONSOLE, RECALL_SAME_PEOPLE=f"OIDC/ALICE2={TEAM}/{ALICE}")
    request = team.asked(ALICE)
    alice = Actor("OIDC", "ALICE2")
    signs_on(team, alice, Role.ADMIN)
    assert "a second person has to" in decides(team, request.id, alice)
    signs_on(team, SOMEBODY, Role.ADMIN)
    assert "may be whoever asked" in decides(team, request.id, SOMEBODY)
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    assert ("ABC234", "action.denied") in team.audited()


@pytest.mark.parametrize("role", [Role.GUEST, Role.RESPONDER])
def test_without_the_role_signing_on_gives_no_right(make, role: Role) -> None:
    team = make(IN_CONSOLE)
    bob = Actor("OIDC", "BOB222")
    if role is not Role.GUEST:
        signs_on(team, bob, role)
    request = team.asked()
    assert "you may not approve it" in decides(team, request.id, bob)


def test_a_hash_that_is_not_the_one_on_the_page_is_refused(make) -> None:
    team = make(IN_CONSOLE)
    lena = Actor(TEAM, LENA)
    signs_on(team, lena, Role.LEAD)
    request = team.asked()
    assert "not what would run now" in decides(team, request.id, lena, seen="0" * 64)
    assert "no such thing" in decides(team, request.id, lena, deed="withdraw")
    assert decides(team, request.id, lena, deed="reject") == ""
    assert team.state(request) is RequestState.REJECTED


# -- breaking the glass --------------------------------------------------------------------------


def breaks(
    team: Team,
    user: str,
    request: ActionRequest,
    *,
    reason: str = "the shop is down, nobody answers",
    seen: str = "",
) -> str:
    glass = Glass(team.database, team.book, team.clock)
    seen = seen or request.digest[:12]
    blow = Blow(actor=Actor(TEAM, user), number=request.id, seen=seen, reason=reason)
    said = glass.break_(blow, Destination(TEAM, "C0LEADS"))
    team.says()
    return said


def test_breaking_the_glass_stands_in_for_two_approvals(make) -> None:
    critical = IN_CONSOLE.replace("risk: high", "risk: critical") + "approvals: 2\n"
    team = make(critical, RECALL_BREAK_GLASS=f"{TEAM}/{BOB}")
    request = team.asked()
    assert breaks(team, BOB, request, reason="the shop is down, nobody answers") == ""
    assert team.state(request) is RequestState.APPROVED
    team.runs()
    assert team.is_there()
    assert ("U0BOB", "action.glass_broken") in team.audited()
    boards = [post for post in team.chat.posts if post.key.startswith("glass")]
    assert {post.to.channel for post in boards} == {"C1", "C0LEADS"}
    for post in boards:
        assert "Glass broken: ACT-1" in post.message.title
        assert post.message.people == (LENA, "U0LEO", ADA), "loud: the leads are mentioned"
        assert "the shop is down" in str(post.message)


@pytest.mark.parametrize(
    ("user", "seen", "reason", "said"),
    [
        (ALICE, "", "the shop is down, nobody answers", "do not hold the right"),
        (LENA, "", "the shop is down, nobody answers", "do not hold the right"),
        (BOB, "", "now!", "needs a reason"),
        (BOB, "", "             ", "needs a reason"),
        (BOB, "0123456789ab", "the shop is down, nobody answers", "not what would run now"),
        (BOB, "short", "the shop is down, nobody answers", "not what would run now"),
    ],
)
def test_breaking_the_glass_takes_the_right_a_reason_and_the_hash(
    make, user: str, seen: str, reason: str, said: str
) -> None:
    team = make(HIGH, RECALL_BREAK_GLASS=f"{TEAM}/{BOB}")
    request = team.asked()
    seen = request.digest[:4] if seen == "short" else seen
    assert said in breaks(team, user, request, reason=reason, seen=seen)
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    assert (user, "action.denied") in team.audited()
    assert not [post for post in team.chat.posts if post.key.startswith("glass")]


def test_broken_glass_opens_nothing_else(make) -> None:
    """Not the switch, not the limits, not the cool-down, not what was changed, not what is over."""
    limited = HIGH + "limits: {per_hour: 1}\n"
    team = make(limited, RECALL_BREAK_GLASS=f"{TEAM}/{BOB}")
    first, second, third = team.asked(), team.asked(name="b"), team.asked(name="c")
    StopSwitch(team.database, team.clock).stop(LENA, "why")
    assert "stopped" in breaks(team, BOB, first)
    StopSwitch(team.database, team.clock).resume(ADA)
    assert breaks(team, BOB, first) == ""
    assert "decided already" in breaks(team, BOB, first)
    team.runs()
    assert team.is_there()
    assert "as often as it may" in breaks(team, BOB, second)
    team.clock.advance(timedelta(minutes=31).total_seconds())
    assert "expired" in breaks(team, BOB, third)
    team.clock.advance(timedelta(hours=1).total_seconds())
    fourth = team.asked(name="d")
    team.writes("0.yaml", limited.replace("version: 1", "version: 2"))
    assert "was changed" in breaks(team, BOB, fourth)


def test_the_runner_looks_for_the_right_itself(make) -> None:
    team = make(HIGH, RECALL_BREAK_GLASS=f"{TEAM}/{BOB}")
    request = team.asked()
    assert breaks(team, BOB, request) == ""
    settings = team.settings.model_copy(update={"break_glass": ()})
    team.runner = build_runner(settings, team.database, team.clock, {})
    team.runs()
    assert team.state(request) is RequestState.DENIED
    assert not team.is_there()
