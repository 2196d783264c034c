"""Asking and breaking the glass at the machine, while the chat is down: by a personal token."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.actions.model import RequestState
from bot.channels.model import Mode, Placement
from bot.cli.actions import app
from bot.clock import SystemClock
from bot.people.model import Actor
from bot.people.token_desk import TokenDesk
from bot.store.database import Database
from tests.support.actions import ALICE, BOB, CHANNEL, LENA, TEAM, TOUCH, Team
from tests.support.databases import sqlite_database

WHY = "checkout is down, nobody answers"
HIGH = TOUCH.replace("risk: low", "risk: high")


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    right = f"{TEAM}/{BOB}"
    # The commands take the system's time, so everything here does.
    with sqlite_database(tmp_path, SystemClock()) as database:
        made = Team(database, SystemClock(), tmp_path, HIGH, RECALL_BREAK_GLASS=right)
        monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
        monkeypatch.setenv("RECALL_ACTIONS_DIR", str(made.actions))
        monkeypatch.setenv("RECALL_BREAK_GLASS", right)
        monkeypatch.setenv("RECALL_LEADS", f"{TEAM}/{LENA}")
        yield made


def secret_of(team: Team, user: str, days: int = 30) -> str:
    desk = TokenDesk(team.database, team.book.same, team.clock)
    actor = Actor(TEAM, user)
    return desk.make(actor, user.title(), "for the night", days, by=actor.key)[0]


def run(*words: str, token: str = "") -> Result:
    return CliRunner().invoke(app, [*words, "--token-file", "-"], input=f"{token}\n")


def asked(team: Team):
    answer = team.requests.make(team.wish())
    assert answer.request is not None
    return answer.request


def events(database: Database, action: str):
    with database.read() as uow:
        return [one for one in uow.audit.list() if one.action == action]


def test_the_holder_of_the_right_breaks_it_and_it_is_said_when_the_chat_is_back(
    team: Team,
) -> None:
    request = asked(team)
    shown = CliRunner().invoke(app, ["show", "act-1", "--json"])
    told = json.loads(shown.stdout)
    assert told["rendered"] == f"/usr/bin/touch -- {team.folder}/it"
    done = run("break-glass", "ACT-1", told["digest"][:12], WHY, token=secret_of(team, BOB))
    assert done.exit_code == 0, done.output
    assert team.state(request) is RequestState.APPROVED
    [event] = events(team.database, "action.glass_broken")
    assert event.actor == f"{TEAM}/{BOB}"
    assert event.data["reason"] == WHY
    assert event.data["token"] == "TOK-1"
    assert event.data["at"].startswith("cli:"), "and whose account it was"
    with team.database.read() as uow:
        waits = uow.outbox.message("glass:ACT-1")
        jobs = uow.jobs.counts()
    assert waits is not None
    assert LENA in waits.people
    assert jobs["pending"] >= 1, "the leads are told as soon as their channel is known"
    assert team.runner.step()
    assert team.is_there()


def test_without_a_token_in_force_nothing_is_done(team: Team) -> None:
    request = asked(team)
    digest = request.digest[:12]
    secret = secret_of(team, BOB)
    desk = TokenDesk(team.database, team.book.same, team.clock)
    for shown in ("", "recall_pat_nope", secret[:-1]):
        refused = run("break-glass", "ACT-1", digest, WHY, token=shown)
        assert (refused.exit_code, "is no personal token" in refused.output) == (1, True)
    desk.revoke(1, by="T1/U0ADA")
    refused = run("break-glass", "ACT-1", digest, WHY, token=secret)
    assert (refused.exit_code, "it was revoked" in refused.output) == (1, True)
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    assert len(events(team.database, "token.refused")) == 1
    assert secret not in refused.output


@pytest.mark.parametrize(
    ("who", "digest", "reason", "said"),
    [
        (ALICE, "", WHY, "do not hold the right"),
        (LENA, "", WHY, "do not hold the right"),
        (BOB, "000000000000", WHY, "not what would run now"),
        (BOB, "short", WHY, "not what would run now"),
        (BOB, "", "now", "needs a reason"),
    ],
)
def test_it_takes_the_right_the_hash_and_a_reason(
    team: Team, who: str, digest: str, reason: str, said: str
) -> None:
    request = asked(team)
    digest = {"": request.digest, "short": request.digest[:5]}.get(digest, digest)
    refused = run("break-glass", "ACT-1", digest, reason, token=secret_of(team, who))
    assert (refused.exit_code, said in refused.output) == (1, True), refused.output
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    [event] = events(team.database, "action.denied")
    assert event.actor == f"{TEAM}/{who}"
    assert event.data["token"] == "TOK-1"


def test_a_request_is_asked_for_at_the_machine_and_its_message_waits(team: Team) -> None:
    incident = team.fires()
    with team.database.begin() as uow:
        uow.placements.place(
            Placement(
                incident_id=incident.id,
                team_id=TEAM,
                channel=CHANNEL,
                mode=Mode.CARD,
                at=team.clock.now(),
            )
        )
    words = ("ask", "touch", "-p", "name=it", "--incident", "rcl-1", "--reason", "the disk is full")
    done = run(*words, token=secret_of(team, ALICE))
    assert done.exit_code == 0, done.output
    assert "sha256" in done.output
    with team.database.read() as uow:
        [request] = uow.actions.newest(10)
        assert uow.outbox.message(request.message_key) is not None
    assert (request.requested_by, request.via) == (f"{TEAM}/{ALICE}", "token")
    assert request.state is RequestState.AWAITING_APPROVAL
    broken = run("break-glass", "1", request.digest[:12], WHY, token=secret_of(team, BOB))
    assert broken.exit_code == 0, broken.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ask", "touch", "-p", "name=it"), "no channel is set for it"),
        (("ask", "touch", "-p", "name=it", "--incident", "RCL-9"), "there is no incident RCL-9"),
        (("break-glass", "ACT-9", "0" * 12, WHY), "there is no request"),
        (("break-glass", "x", "0" * 12, WHY), "there is no request"),
    ],
)
def test_what_cannot_be_done_is_told(team: Team, words: tuple[str, ...], said: str) -> None:
    refused = run(*words, token=secret_of(team, BOB))
    assert (refused.exit_code, said in refused.output) == (1, True), refused.output


def test_a_parameter_that_is_no_pair_is_wrong_usage(team: Team) -> None:
    assert run("ask", "touch", "-p", "name", token="x").exit_code == 2
    missing = CliRunner().invoke(
        app, ["break-glass", "ACT-1", "0" * 12, WHY, "--token-file", "/nowhere"]
    )
    assert (missing.exit_code, "cannot be read" in missing.output) == (1, True)
