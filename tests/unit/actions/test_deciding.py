"""Turning a request down with a reason, asking for changes, and who is told of it in private."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.actions.cards import headline
from bot.actions.model import ActionRequest, RequestState
from bot.actions.presses import ActionPress
from bot.actions.requests import Wish
from bot.chat.messages import ActionCard, Notice, OutputFile
from bot.chat.ports import Destination
from bot.clock import ManualClock
from bot.people.model import Actor
from bot.store.database import Database
from knowledge.model import Visibility
from tests.support.actions import ADA, ALICE, BOB, CHANNEL, LENA, TEAM, TOUCH, Team


def decides(team: Team, user: str, request: ActionRequest, action: str, reason: str) -> str | None:
    press = ActionPress(
        actor=Actor(TEAM, user),
        token=team.token(request, action),
        reply_to=Destination(TEAM, CHANNEL),
        reason=reason,
        in_line=True,
    )
    said = team.buttons.deal(press)
    team.says()
    return said


def test_a_reason_is_shown_audited_and_told_to_whoever_asked(team: Team) -> None:
    request = team.asked(ALICE)
    assert decides(team, LENA, request, "action_reject", "Too early, drain it first") == ""
    assert team.state(request) is RequestState.REJECTED
    assert team.card(request).note == f"rejected by @{LENA}: Too early, drain it first"
    with team.database.read() as uow:
        [event] = [one for one in uow.audit.list() if one.action == "action.rejected"]
    assert event.data["reason"] == "Too early, drain it first"
    team.tells()
    [told] = team.private(ALICE)
    assert isinstance(told, Notice)
    assert "ACT-1" in told.text
    assert "Too early" in told.text


@pytest.mark.parametrize("action", ["action_reject", "action_changes"])
def test_only_who_may_approve_turns_it_down(team: Team, action: str) -> None:
    request = team.asked(ALICE)
    assert "may not approve" in (decides(team, BOB, request, action, "no") or "")
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    assert (BOB, "action.denied") in team.audited()
    assert team.told() == [], "told in the form, and not in the thread as well"


TWO = TOUCH + "approvals: 2\n"


def again(team: Team, old: ActionRequest, user: str = ALICE, name: str = "other", **more: object):
    wish: Wish = team.wish(user, name=name)
    wish = replace(wish, replaces=old.id, **more)  # type: ignore[arg-type]
    answer = team.requests.make(wish)
    team.says()
    return answer


def test_changes_reset_the_approvals_and_make_another_hash(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    team = Team(database, clock, tmp_path, TWO)
    old = team.asked(ALICE)
    token = team.token(old, "action_approve")
    team.approves(ADA, old)
    assert decides(team, LENA, old, "action_changes", "use another name") == ""
    assert team.state(old) is RequestState.CHANGES_ASKED
    card = team.card(old)
    assert card.headline == "Changes are asked for"
    assert card.approved_by == ()
    assert "use another name" in card.note
    team.presses(ADA, old, "action_approve", token=token)
    assert "waits for another try" in team.told()[-1]

    new = again(team, old).request
    assert new is not None
    assert new.digest != old.digest
    assert team.state(old) is RequestState.WITHDRAWN
    assert team.card(old).note == f"replaced by {new.key}"
    assert (ALICE, "action.replaced") in team.audited()
    assert team.card(new).missing == 2, "the approval of before counts for nothing"
    team.approves(ADA, new)
    assert team.state(new) is RequestState.AWAITING_APPROVAL
    team.approves(LENA, new)
    team.runs()
    assert team.is_there("other")
    assert not team.is_there("it")


def test_what_waits_for_changes_never_runs_and_expires(team: Team) -> None:
    request = team.asked(ALICE)
    decides(team, LENA, request, "action_changes", "no")
    team.runs()
    assert team.state(request) is RequestState.CHANGES_ASKED
    team.clock.advance(31 * 60)
    team.runs()
    assert team.state(request) is RequestState.EXPIRED
    assert not team.is_there()
    assert again(team, request).refused


def test_only_whoever_asked_replaces_it_once_and_by_the_same_action(team: Team) -> None:
    request = team.asked(ALICE)
    assert again(team, request).refused, "nobody asked for changes"
    decides(team, LENA, request, "action_changes", "no")
    assert again(team, request, BOB).refused
    assert again(team, request, incident=None).refused
    assert again(team, request).request is not None
    assert again(team, request).refused
    denied = [actor for actor, action in team.audited() if action == "action.denied"]
    assert denied == [ALICE, BOB, ALICE, ALICE]


def test_approvers_and_only_they_are_told_exactly_what_will_run(team: Team) -> None:
    request = team.asked(ALICE)
    team.tells()
    for user in (LENA, ADA):
        [card] = team.private(user)
        assert isinstance(card, ActionCard)
        assert card.digest == request.digest
        assert card.shows == request.frozen.step.shown
        assert [one.action for one in card.buttons] == ["action_approve", "action_withdraw"]
        assert card.people == ()
    assert team.private(ALICE) == team.private(BOB) == []
    team.presses(LENA, request, "action_approve", token=team.private(LENA)[0].buttons[0].token)
    assert team.state(request) is RequestState.APPROVED
    [followed] = team.private(ADA)
    assert isinstance(followed, ActionCard)
    assert followed.headline == headline(team.now(request))
    assert "action_approve" not in [one.action for one in followed.buttons]


def test_a_lead_who_asks_is_not_asked_and_what_is_decided_is_told_to_nobody(team: Team) -> None:
    request = team.asked(LENA)
    team.approves(ADA, request)
    team.tells()
    assert team.private(LENA) == team.private(ADA) == []


def test_of_an_incident_that_not_everyone_may_see_nobody_is_told_elsewhere(team: Team) -> None:
    request = team.asked(ALICE)
    with team.database.begin() as uow:
        incident = uow.incidents.get(request.incident_id or 0)
        assert incident is not None
        hidden = Visibility(frozenset({f"{TEAM}/{CHANNEL}"}))
        uow.incidents.save(replace(incident, visibility=hidden))
    team.tells()
    assert team.private(LENA) == []


LONG = """
id: look
version: 1
title: Look
risk: read
approvals: 0
executor: command
command: {argv: [/bin/echo, "password=hunter22hunter22 WORDS the end"]}
"""


def test_a_long_output_is_a_file_beside_the_message_and_redacted(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    team = Team(database, clock, tmp_path, LONG.replace("WORDS", "line " * 370))
    answer = team.requests.make(replace(team.wish(template="look"), values={}))
    assert answer.request is not None
    team.runs()
    for _ in range(2):
        team.tells()
    [file] = [post for post in team.chat.posts if isinstance(post.message, OutputFile)]
    assert isinstance(file.message, OutputFile)
    assert file.message.name == "ACT-1-output-1.txt"
    assert file.message.text.count("line") == 370
    assert file.message.text.endswith("the end")
    assert "hunter22" not in file.message.text
    [message] = [post for post in team.chat.posts if isinstance(post.message, ActionCard)]
    assert file.to == Destination(TEAM, CHANNEL, message.ref)


def test_a_short_output_is_in_the_message_alone(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    team = Team(database, clock, tmp_path, LONG.replace("WORDS", "line"))
    assert team.requests.make(replace(team.wish(template="look"), values={})).request
    team.runs()
    team.tells()
    assert not [post for post in team.chat.posts if isinstance(post.message, OutputFile)]
