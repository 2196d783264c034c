"""`/recall actions break-glass`, as somebody types it."""

from pathlib import Path

import pytest

from bot.actions.model import RequestState
from bot.chat.messages import Board
from bot.people.model import Role
from bot.people.standing import FRESH
from tests.support.actions import TEAM, TOUCH, Team
from tests.support.desk import Desk

WHY = "checkout is down, nobody answers"


@pytest.fixture
def team(desk: Desk, tmp_path: Path) -> Team:
    text = TOUCH.replace("risk: low", "risk: high")
    made = Team(desk.database, desk.clock, tmp_path, text, RECALL_BREAK_GLASS=f"{TEAM}/U0BOB")
    object.__setattr__(desk.tools, "actions", made.requests)
    return made


def test_whoever_holds_the_right_says_it_and_it_runs(desk: Desk, team: Team) -> None:
    request = team.asked()
    said = desk.says(
        f"actions break-glass ACT-1 {request.digest[:12].upper()} {WHY}", desk.caller("bob")
    )
    assert "ACT-1 runs" in said
    team.says()
    assert team.state(request) is RequestState.APPROVED
    assert f"broke the glass: {WHY}" in team.card(request).note
    boards = [p.message for p in team.chat.posts if isinstance(p.message, Board)]
    assert len(boards) == 2, "in its thread and to the leads"
    team.runs()
    assert team.is_there()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "Say /recall actions break-glass ACT-7 HASH WHY"),
        ("ACT-1", "HASH WHY"),
        ("ACT-1 not-a-hash why", "HASH WHY"),
        ("ACT-99 {digest} {why}", "There is no request ACT-99"),
        ("ACT-1 {digest}", "needs a reason"),
        ("ACT-1 {digest} now", "needs a reason"),
        ("ACT-1 000000000000 {why}", "12 characters"),
        ("ACT-999999999999999999 {digest} {why}", "There is no request"),
    ],
)
def test_what_is_not_said_rightly_breaks_nothing(
    desk: Desk, team: Team, line: str, told: str
) -> None:
    request = team.asked()
    line = line.format(digest=request.digest[:12], why=WHY)
    assert told in desk.says(f"actions break-glass {line}", desk.caller("bob"))
    assert team.state(request) is RequestState.AWAITING_APPROVAL


def test_an_admin_does_not_hold_the_right_by_that(desk: Desk, team: Team) -> None:
    request = team.asked()
    said = desk.says(
        f"actions break-glass 1 {request.digest} {WHY}", desk.caller("ada", Role.ADMIN)
    )
    assert "do not hold the right" in said
    assert ("U0ADA", "action.denied") in team.audited()


def test_it_is_not_said_where_others_read(desk: Desk, team: Team) -> None:
    request = team.asked()
    outside = desk.caller("bob", is_shared=True)
    assert desk.says(f"actions break-glass ACT-1 {request.digest} {WHY}", outside)
    assert team.state(request) is RequestState.AWAITING_APPROVAL


def test_a_shared_leads_channel_is_told_nothing(desk: Desk, team: Team) -> None:
    request = team.asked()
    default = desk.rooms.default()
    assert default is not None
    desk.rooms.shared = frozenset({default.to.channel})
    desk.says(f"actions break-glass ACT-1 {request.digest} {WHY}", desk.caller("bob"))
    team.says()
    keys = [p.key for p in team.chat.posts if isinstance(p.message, Board)]
    assert keys == ["glass:ACT-1"]


def test_a_secret_in_the_reason_is_taken_out(desk: Desk, team: Team) -> None:
    request = team.asked()
    token = "ghp_" + "a1B2" * 9
    desk.says(f"actions break-glass ACT-1 {request.digest} down, {token}", desk.caller("bob"))
    team.says()
    assert token not in str([p.message for p in team.chat.posts])
    with desk.database.read() as uow:
        assert token not in str(list(uow.audit.list()))


def test_it_expires_like_any_other(desk: Desk, team: Team) -> None:
    request = team.asked()
    team.clock.advance(2 * FRESH.total_seconds() + 60)
    said = desk.says(f"actions break-glass ACT-1 {request.digest} {WHY}", desk.caller("bob"))
    assert "has expired" in said
