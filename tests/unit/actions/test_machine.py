"""From a wish to what became of it: who may, what runs, and what is said of it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.actions.model import Phase, RequestState
from bot.actions.switch import StopSwitch
from bot.alerts.model import AlertStatus
from bot.clock import ManualClock
from bot.store.database import Database
from tests.support.actions import ADA, ALICE, BOB, LENA, TOUCH, Team


def test_it_is_asked_for_approved_run_and_verified_by_the_alert(team: Team) -> None:
    request = team.asked(ALICE)
    card = team.card(request)
    assert card.headline == "Waits for approval"
    assert card.shows == f"/usr/bin/touch -- {team.folder}/it"
    assert (card.digest, card.missing, card.targets) == (request.digest, 1, ("it",))
    assert set(card.people) == {LENA, "U0LEO", ADA}

    team.runs()
    assert not team.is_there(), "nothing runs before it is approved"

    team.approves(LENA, request)
    assert team.card(request).headline == "Approved, about to run"
    team.runs()
    assert team.is_there()
    assert team.card(request).headline == "Ran, verifying"
    assert team.state(request) is RequestState.RUNNING

    team.fires(AlertStatus.RESOLVED)
    team.runs()
    assert team.card(request).headline == "Worked"
    assert "Verified by the condition itself" in team.card(request).note
    assert [action for _, action in team.audited()] == [
        "action.requested",
        "action.approved",
        "action.started",
        "action.ran",
        "action.verified",
    ]


def test_what_ran_without_effect_did_not_work(team: Team) -> None:
    request = team.asked()
    team.approves(LENA, request)
    team.runs()
    team.clock.advance(16 * 60)
    team.runs()
    assert team.state(request) is RequestState.FAILED
    assert "still there" in team.card(request).note


def test_whoever_asked_cannot_approve(team: Team) -> None:
    request = team.asked(LENA)
    team.approves(LENA, request)
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    assert "second person" in team.told()[-1]
    assert ("U0LENA", "action.denied") in team.audited()
    team.approves("U0LEO", request)
    assert team.state(request) is RequestState.APPROVED


def test_two_ids_of_one_person_are_one_person(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    team = Team(database, clock, tmp_path, RECALL_SAME_PEOPLE=f"T1/{LENA}=T1/{ALICE}")
    request = team.asked(ALICE)
    team.approves(LENA, request)
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    assert "second person" in team.told()[-1]


def test_a_responder_a_stranger_and_a_forged_token_approve_nothing(team: Team) -> None:
    request = team.asked(ALICE)
    team.approves(BOB, request)
    assert "may not approve" in team.told()[-1]
    team.presses(LENA, request, "action_approve", team="T2")
    assert "no role" in team.told()[-1]
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    denied = [actor for actor, action in team.audited() if action == "action.denied"]
    assert denied == [BOB, LENA]


def test_an_old_button_answers_politely_and_once(team: Team) -> None:
    request = team.asked(ALICE)
    token = team.token(request, "action_approve")
    team.approves(LENA, request)
    team.runs()
    for _ in range(3):
        team.presses(ADA, request, "action_approve", token=token)
    assert [t for t in team.told() if "runs already" in t] == [
        f"@{ADA}: ACT-1 stays as it is, because it runs already."
    ]
    started = [action for _, action in team.audited() if action == "action.started"]
    assert started == ["action.started"]


CRITICAL = (
    TOUCH.replace("risk: low", "risk: critical").replace("id: touch", "id: big") + "approvals: 2\n"
)


def test_two_approvals_are_by_two_people(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    team = Team(database, clock, tmp_path, CRITICAL)
    request = team.asked(ALICE, "big", name="it")
    team.approves(LENA, request)
    assert team.card(request).missing == 1
    team.approves(LENA, request)
    assert "already" in team.told()[-1]
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    team.approves(ADA, request)
    assert team.state(request) is RequestState.APPROVED


def test_rejected_withdrawn_and_expired_never_run(team: Team) -> None:
    rejected, withdrawn, expired = (team.asked(ALICE, name=n) for n in ("one", "two", "three"))
    team.presses(LENA, rejected, "action_reject")
    team.presses(BOB, withdrawn, "action_withdraw")
    assert team.state(withdrawn) is RequestState.AWAITING_APPROVAL
    team.presses(ALICE, withdrawn, "action_withdraw")
    token = team.token(expired, "action_approve")
    team.clock.advance(31 * 60)
    team.presses(LENA, expired, "action_approve", token=token)
    team.runs()
    states = [team.state(one) for one in (rejected, withdrawn, expired)]
    assert states == [RequestState.REJECTED, RequestState.WITHDRAWN, RequestState.EXPIRED]
    assert not any(team.is_there(name) for name in ("one", "two", "three"))


def test_an_approved_one_that_no_runner_took_expires(team: Team) -> None:
    request = team.asked()
    team.approves(LENA, request)
    team.clock.advance(31 * 60)
    team.runs()
    assert team.state(request) is RequestState.EXPIRED
    assert not team.is_there()


@pytest.mark.parametrize(
    "edit",
    [
        ("version: 1", "version: 2"),
        ("/usr/bin/touch, --", "/usr/bin/touch, -a, --"),
        ("Touch a file", "Touch a  file"),
        ("risk: low", "risk: low\napprovals: 2"),
    ],
)
def test_an_edit_of_the_template_after_the_approval_is_refused(
    team: Team, edit: tuple[str, str]
) -> None:
    request = team.asked()
    team.approves(LENA, request)
    team.writes("0.yaml", TOUCH.replace(*edit))
    team.runs()
    assert team.state(request) is RequestState.DENIED
    assert "not the one that was approved" in team.card(request).note
    assert not team.is_there()


def test_an_edit_before_the_approval_is_noticed_by_it(team: Team) -> None:
    request = team.asked()
    team.writes("0.yaml", TOUCH.replace("version: 1", "version: 2"))
    team.approves(LENA, request)
    assert team.state(request) is RequestState.DENIED


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE action_requests SET frozen = replace(frozen, '/it\"', '/other\"')",
        "UPDATE action_requests SET digest = 'abc'",
        "UPDATE approvals SET digest = 'abc'",
        "DELETE FROM approvals",
        "UPDATE approvals SET actor = 'T1/U0BOB', person = 'T1/U0BOB', role = 'admin'",
        "UPDATE approvals SET actor = 'T1/U0ALICE', person = 'T1/U0LENA'",
    ],
)
def test_what_is_changed_in_the_database_is_not_run(team: Team, tamper: str) -> None:
    request = team.asked()
    team.approves(LENA, request)
    with team.database.writing() as connection:
        connection.execute(text(tamper))
    team.runs()
    assert team.state(request) is RequestState.DENIED
    assert not team.is_there()
    assert not team.is_there("other")


def test_a_right_that_was_taken_away_counts_no_more(team: Team) -> None:
    request = team.asked()
    team.approves(LENA, request)
    book = replace(team.book, roles=type(team.book.roles)())
    team.runner = team.new_runner(book=book)
    team.runs()
    assert team.state(request) is RequestState.DENIED


def test_everybody_stops_and_nothing_starts(team: Team) -> None:
    request = team.asked()
    team.approves(LENA, request)
    switch = StopSwitch(team.database, team.clock)
    switch.stop("T1/U0BOB", "it looks wrong")
    team.runs()
    assert team.state(request) is RequestState.DENIED
    assert "stopped" in team.asks(ALICE).refused
    assert switch.resume("T1/U0ADA")
    assert not switch.resume("T1/U0ADA")
    assert team.asks(ALICE).request is not None
    assert ("U0BOB", "actions.stopped") in team.audited()


def test_a_lost_runner_leaves_it_unknown_and_a_human_is_asked(team: Team) -> None:
    request = team.asked()
    team.approves(LENA, request)
    claimed = team.runner.worker._claim(team.now(request))  # and then the process is killed
    assert claimed is not None
    team.runs()
    assert team.state(request) is RequestState.RUNNING
    team.clock.advance(31)
    team.runs()
    assert team.state(request) is RequestState.UNKNOWN
    assert "runner was lost" in team.card(request).note
    team.clock.advance(3_600)
    team.runs()
    assert not team.is_there(), "it is never repeated by itself"
    team.presses(BOB, request, "action_worked")
    assert team.state(request) is RequestState.UNKNOWN
    team.presses(LENA, request, "action_not_worked")
    assert team.state(request) is RequestState.FAILED


def test_what_is_idempotent_is_run_again_once(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    team = Team(database, clock, tmp_path, TOUCH + "idempotent: true\ncool_down: 10m\n")
    request = team.asked()
    team.approves(LENA, request)
    assert team.runner.worker._claim(team.now(request)) is not None
    team.clock.advance(31)
    team.runs()
    assert team.is_there()
    assert team.now(request).phase is Phase.VERIFYING


def test_the_same_target_has_to_cool_down(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    team = Team(database, clock, tmp_path, TOUCH + "cool_down: 10m\n")
    request = team.asked()
    team.approves(LENA, request)
    team.runs()
    assert "a short while ago" in team.asks().refused
    assert team.asks(name="other").request is not None
    team.clock.advance(timedelta(minutes=11).total_seconds())
    assert team.asks().request is not None


def test_a_read_needs_no_approval_and_its_output_is_shown(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    read = """
id: look
version: 1
title: Look
risk: read
approvals: 0
executor: command
command: {argv: [/bin/echo, "password=hunter22hunter22", "all is well"]}
"""
    team = Team(database, clock, tmp_path, read)
    answer = team.requests.make(replace(team.wish(template="look"), values={}))
    assert answer.request is not None
    team.runs()
    card = team.card(answer.request)
    assert card.headline == "Ran"
    assert "all is well" in card.output
    assert "hunter22" not in card.output


def test_a_dry_run_comes_before_anybody_is_asked(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    dry = TOUCH + 'dry_run: {argv: [/bin/echo, "would touch ${name}"]}\n'
    team = Team(database, clock, tmp_path, dry)
    request = team.asked()
    assert team.state(request) is RequestState.PROPOSED
    assert team.chat.posts == []
    team.runs()
    assert team.card(request).dry_run == "would touch it"
    assert not team.is_there()
    team.approves(LENA, request)
    team.runs()
    assert team.is_there()


def test_a_rollback_is_a_request_of_its_own(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    undo = TOUCH + 'rollback: {template: undo, parameters: {name: "${name}.undone"}}\n'
    team = Team(database, clock, tmp_path, undo, TOUCH.replace("id: touch", "id: undo"))
    request = team.asked()
    team.approves(LENA, request)
    team.runs()
    team.clock.advance(16 * 60)
    team.runs()
    team.presses(BOB, request, "action_rollback")
    with team.database.read() as uow:
        back = uow.actions.get(2)
    assert back is not None
    assert (back.frozen.parameters, back.rollback_of) == ({"name": "it.undone"}, 1)
    assert back.state is RequestState.AWAITING_APPROVAL


def test_the_limit_of_an_hour_and_of_targets(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    limited = TOUCH + "limits: {per_hour: 1}\n"
    wide = TOUCH.replace("id: touch", "id: wide").replace('["${name}"]', '["${name}", second]')
    team = Team(database, clock, tmp_path, limited, wide)
    request = team.asked()
    team.approves(LENA, request)
    team.runs()
    assert "as often as it may" in team.asks(name="two").refused
    assert "more targets" in team.asks(template="wide", name="two").refused


def test_environment_and_channel_are_kept_to(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    staging = TOUCH + "environments: [staging]\n"
    elsewhere = TOUCH.replace("id: touch", "id: there") + "channels: [T1/C9]\n"
    team = Team(database, clock, tmp_path, staging, elsewhere)
    assert "environment" in team.asks().refused
    assert "channel" in team.asks(template="there", name="it").refused
    assert [action for _, action in team.audited()] == ["action.denied"] * 2
