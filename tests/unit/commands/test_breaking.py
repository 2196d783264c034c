"""`/recall actions break-glass`, as somebody types it."""

from pathlib import Path

import pytest

from bot.actions.glass import GLASS, GlassTelling
from bot.actions.model import ActionRequest, RequestState
from bot.chat.forms import Form
from bot.chat.messages import Board
from bot.chat.ports import CardRoom
from bot.commands.breaking import leads_room
from bot.commands.model import FieldErrors, Refused
from bot.errors import ChatUnavailable
from bot.jobs.ports import Job
from bot.people.model import Role
from bot.people.standing import FRESH
from tests.support.actions import LENA, TEAM, TOUCH, Team
from tests.support.desk import Desk, FakeRooms, words_of

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


# -- the form behind the button ------------------------------------------------------------------


def opens(desk: Desk, team: Team, who: str = "bob") -> tuple[ActionRequest, Form]:
    request = team.asked()
    return request, desk.book.open(
        desk.caller(who), "act_glass", team.token(request, "action_glass")
    )


def test_the_form_shows_what_runs_and_takes_a_reason_and_a_word(desk: Desk, team: Team) -> None:
    request, form = opens(desk, team)
    assert f"/usr/bin/touch -- {team.folder}/it" in form.intro
    assert request.digest[:12] in form.intro
    assert "without the approvals" in form.intro
    sure = next(field for field in form.fields if field.name == "sure")
    assert sure.initial == "no", "nobody breaks it by pressing return"
    with pytest.raises(FieldErrors, match="at least 10 characters"):
        desk.book.submit(
            desk.caller("bob"), "act_glass", form.about, {"reason": "now", "sure": "yes"}
        )
    left = desk.book.submit(
        desk.caller("bob"), "act_glass", form.about, {"reason": WHY, "sure": "no"}
    )
    assert "left as it is" in words_of(left)
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    done = desk.book.submit(
        desk.caller("bob"), "act_glass", form.about, {"reason": WHY, "sure": "yes"}
    )
    assert "ACT-1 runs" in words_of(done)
    team.says()
    boards = [p.message for p in team.chat.posts if isinstance(p.message, Board)]
    assert len(boards) == 2
    team.runs()
    assert team.is_there()


def test_without_the_right_the_form_does_not_open_and_that_is_on_record(
    desk: Desk, team: Team
) -> None:
    for who in ("alice", "ada"):
        with pytest.raises(Refused, match="do not hold the right"):
            opens(desk, team, who)
    assert [(who, what) for who, what in team.audited() if what == "action.denied"] == [
        ("U0ALICE", "action.denied"),
        ("U0ADA", "action.denied"),
    ]


def test_a_form_of_somebody_without_the_right_breaks_nothing(desk: Desk, team: Team) -> None:
    request, form = opens(desk, team)
    with pytest.raises(Refused, match="do not hold the right"):
        desk.book.submit(
            desk.caller("alice"), "act_glass", form.about, {"reason": WHY, "sure": "yes"}
        )
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    assert ("U0ALICE", "action.denied") in team.audited()


def test_a_forged_button_and_one_of_what_is_over_open_nothing(desk: Desk, team: Team) -> None:
    request, form = opens(desk, team)
    with pytest.raises(Refused, match="too old"):
        desk.book.open(desk.caller("bob"), "act_glass", "forged")
    with pytest.raises(Refused, match="too old"):
        desk.book.open(desk.caller("bob"), "act_glass", team.token(request, "action_approve"))
    team.approves(LENA, request)
    with pytest.raises(Refused, match="does not wait"):
        desk.book.open(desk.caller("bob"), "act_glass", form.about)


def test_pressing_the_button_itself_breaks_nothing(desk: Desk, team: Team) -> None:
    """It only opens a form; a forged press of it as a plain button is refused."""
    request, form = opens(desk, team)
    team.presses("U0BOB", request, "", token=form.about)
    assert team.state(request) is RequestState.AWAITING_APPROVAL


def test_without_anybody_who_holds_the_right_there_is_no_button(desk: Desk, tmp_path: Path) -> None:
    plain = Team(desk.database, desk.clock, tmp_path)
    card = plain.card(plain.asked())
    assert "act_glass" not in [opener.form for opener in card.openers]


# -- while the chat is away ----------------------------------------------------------------------


def test_the_leads_are_told_when_their_channel_is_known_again(desk: Desk, team: Team) -> None:
    request = team.asked()
    away = RoomsAway()
    object.__setattr__(desk.tools, "rooms", away)
    desk.says(f"actions break-glass ACT-1 {request.digest} {WHY}", desk.caller("bob"))
    assert team.state(request) is RequestState.APPROVED, "that stops nobody"
    telling = GlassTelling(
        desk.database, team.book, lambda home: leads_room(desk.tools, home), desk.clock
    )

    def claimed() -> list[Job]:
        with desk.database.begin() as uow:
            return list(uow.jobs.claim([GLASS], desk.clock.now(), 30, 10))

    [job] = claimed()
    with pytest.raises(ChatUnavailable):
        telling.tell(job)
    away.is_back = True
    telling.tell(job)
    telling.tell(job)
    team.says()
    keys = [p.key for p in team.chat.posts if isinstance(p.message, Board)]
    assert keys == ["glass:ACT-1", "glass-leads:ACT-1"]
    told = [p.message for p in team.chat.posts if p.key == "glass-leads:ACT-1"]
    assert WHY in str(told)


class RoomsAway(FakeRooms):
    """Rooms of a chat that does not answer."""

    is_back = False

    def default(self) -> CardRoom | None:
        if not self.is_back:
            raise ChatUnavailable("away")
        return super().default()
