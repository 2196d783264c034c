"""Asking for an action by command and form, and the switch."""

from pathlib import Path

import pytest

from bot.actions.model import RequestState
from bot.chat.messages import ActionCard
from bot.commands.model import FieldErrors, Refused
from bot.people.model import Role
from tests.support.actions import TOUCH, Team
from tests.support.desk import Desk, words_of


@pytest.fixture
def team(desk: Desk, tmp_path: Path) -> Team:
    made = Team(desk.database, desk.clock, tmp_path)
    object.__setattr__(desk.tools, "actions", made.requests)
    return made


def opened(desk: Desk, line: str, **who: str):
    form = desk.book.run(desk.caller(**who), line).opens
    assert form is not None
    return form


def test_without_a_catalogue_it_says_so(desk: Desk) -> None:
    assert "RECALL_ACTIONS_DIR" in desk.says("act")


def test_the_list_names_what_can_be_run(desk: Desk, team: Team) -> None:
    assert "/recall act touch | Touch a file; low risk, 1 approvals" in desk.says("act")
    assert "Did you mean touch?" in desk.says("act tuoch")


def test_the_form_is_filled_from_labels_and_shows_what_runs(desk: Desk, team: Team) -> None:
    desk.fires("CheckoutDown", pod="web-1")
    form = opened(desk, "act RCL-1 touch")
    assert [(f.name, f.initial) for f in form.fields] == [("name", "web-1"), ("reason", "")]
    shown = desk.book.submit(desk.caller(), "act", form.about, {"name": "it", "reason": "full"})
    assert shown.opens is not None
    assert f"/usr/bin/touch -- {team.folder}/it" in shown.opens.intro
    assert "needs 1 approval." in shown.opens.intro
    with desk.database.read() as uow:
        assert uow.actions.get(1) is None, "nothing is asked for before it was seen"

    done = desk.book.submit(desk.caller(), "act_confirm", shown.opens.about, {"sure": "yes"})
    assert "ACT-1 is asked for: waits for approval" in words_of(done)
    team.says()
    card = team.chat.posts[0].message
    assert isinstance(card, ActionCard)
    assert (card.reason, card.incident_key, card.environment) == ("full", "RCL-1", "prod")


def test_labels_from_outside_that_do_not_fit_are_left_out(desk: Desk, team: Team) -> None:
    desk.fires("CheckoutDown", pod="x; rm -rf /")
    assert opened(desk, "act RCL-1 touch").fields[0].initial == ""


def test_a_mistake_stands_next_to_its_field(desk: Desk, team: Team) -> None:
    desk.fires("CheckoutDown")
    form = opened(desk, "act RCL-1 touch")
    with pytest.raises(FieldErrors) as refused:
        desk.book.submit(desk.caller(), "act", form.about, {"name": "../x"})
    assert "does not match" in refused.value.errors["name"]


def test_somebody_elses_form_and_an_unknown_one_are_refused(desk: Desk, team: Team) -> None:
    desk.fires("CheckoutDown")
    form = opened(desk, "act RCL-1 touch")
    for about in (form.about, "forged"):
        with pytest.raises(Refused, match="somebody else's"):
            desk.book.submit(desk.caller("bob"), "act", about, {"name": "it"})
    with pytest.raises(Refused):
        desk.book.submit(desk.caller(), "act_confirm", form.about, {"sure": "yes"})


def test_what_was_changed_since_it_was_seen_is_not_asked_for(desk: Desk, team: Team) -> None:
    desk.fires("CheckoutDown")
    form = opened(desk, "act RCL-1 touch")
    shown = desk.book.submit(desk.caller(), "act", form.about, {"name": "it"}).opens
    assert shown is not None
    team.writes("0.yaml", TOUCH.replace("version: 1", "version: 2"))
    with pytest.raises(Refused, match="changed since you saw it"):
        desk.book.submit(desk.caller(), "act_confirm", shown.about, {"sure": "yes"})
    assert "action.denied" in desk.audited()


def test_what_is_not_allowed_is_refused_and_on_record(desk: Desk, team: Team) -> None:
    team.writes("0.yaml", TOUCH + "may_request: {role: admin}\n")
    desk.fires("CheckoutDown")
    form = opened(desk, "act RCL-1 touch")
    with pytest.raises(Refused, match="you may not ask for it"):
        desk.book.submit(desk.caller(), "act", form.about, {"name": "it"})
    assert "action.denied" in desk.audited()


def test_a_channel_that_is_shared_since_the_form_was_opened_gets_nothing(
    desk: Desk, team: Team
) -> None:
    desk.fires("CheckoutDown")
    form = opened(desk, "act RCL-1 touch")
    desk.rooms.shared = frozenset({"C1"})
    with pytest.raises(Refused, match="shared"):
        desk.book.submit(desk.caller(), "act", form.about, {"name": "it"})


def test_anybody_stops_and_an_admin_resumes(desk: Desk, team: Team) -> None:
    assert "All actions are stopped" in desk.says("actions stop it looks wrong")
    told = desk.says("actions")
    assert "All actions are stopped" in told
    assert "it looks wrong" in told
    assert "Only an admin" in desk.says("actions resume", desk.caller("lena", Role.LEAD))
    assert "may run again" in desk.says("actions resume", desk.caller("ada", Role.ADMIN))
    assert "Say /recall actions" in desk.says("actions frobnicate")


def test_what_waits_is_listed(desk: Desk, team: Team) -> None:
    request = team.asked()
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    assert "ACT-1 Touch a file | Waits for approval" in desk.says("actions")
