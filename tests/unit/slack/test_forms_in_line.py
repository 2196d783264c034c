"""What is answered in line, with Slack's own bodies: forms remember where they were asked for."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.clock import ManualClock
from bot.commands import SHORTCUTS
from bot.incidents.model import IncidentState
from bot.people.model import Role
from bot.redact import redact
from bot.slack.interactions import SlackInteractions
from bot.slack.shortcuts import form_shortcut
from tests.support.databases import sqlite_database
from tests.support.ending_desk import Desk
from tests.support.slack_world import CHANNEL, TEAM, World


class OpenedViews:
    """Slack's client, as far as forms go: keeps the view that was opened or updated last."""

    def __init__(self) -> None:
        self.view: dict[str, Any] = {}

    def views_open(self, *, trigger_id: str, view: dict[str, Any]) -> SimpleNamespace:
        self.view = view
        return SimpleNamespace(data={"ok": True})

    def views_update(self, *, view_id: str, hash: str, view: dict[str, Any]) -> SimpleNamespace:  # noqa: A002
        self.view = view
        return SimpleNamespace(data={"ok": True})


class Line:
    """The interactions of one desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.slack = OpenedViews()
        self.interactions = SlackInteractions(
            desk.book,
            self.slack,  # type: ignore[arg-type]
            lambda _: Role.RESPONDER,
            lambda team_id, channel: channel == "C0SHARED",
            redact,
            {name: form_shortcut(desk.book, name, redact) for name in SHORTCUTS},
        )

    def sends(self, kind: str, **more: Any) -> Any:
        body = {
            "type": kind,
            "user": {"id": "U0ALICE", "name": "alice", "team_id": TEAM},
            "team": {"id": TEAM},
            "trigger_id": "t",
            **more,
        }
        return self.interactions.handle(body)

    def opens(self, channel: str = CHANNEL) -> dict[str, Any]:
        self.sends(
            "block_actions",
            container={"channel_id": channel, "message_ts": "1.0"},
            actions=[{"action_id": "recall_open_resolve", "value": "RCL-1"}],
        )
        return self.slack.view

    def submits(self, view: dict[str, Any], fix: str) -> Any:
        values = {"fix": {"x": {"type": "plain_text_input", "value": fix}}}
        return self.sends("view_submission", view={**view, "state": {"values": values}})


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        desk = Desk(World(database, clock))
        desk.incident_with_a_card()
        yield Line(desk)


def test_a_restricted_incidents_form_works_in_the_channel_it_was_opened_in(line: Line) -> None:
    line.desk.restrict(f"{TEAM}/{CHANNEL}")
    answer = line.submits(line.opens(), "restarted it")
    assert "RCL-1 is resolved" in str(answer)
    assert line.desk.incident().state is IncidentState.RESOLVED


def test_elsewhere_it_does_not_exist(line: Line) -> None:
    line.desk.restrict(f"{TEAM}/{CHANNEL}")
    assert "There is no incident RCL-1" in str(line.opens("C0OTHER"))
    assert line.desk.incident().state is IncidentState.OPEN


def test_a_mistake_is_sent_back_by_field(line: Line) -> None:
    answer = line.submits(line.opens(), " ")
    assert answer["response_action"] == "errors"
    assert set(answer["errors"]) == {"fix"}


def test_secrets_that_were_typed_are_taken_out(line: Line) -> None:
    line.submits(line.opens(), "rotated AKIAIOSFODNN7EXAMPLE by hand")
    known = line.desk.known()
    assert known is not None
    assert "AKIA" not in known.resolution


@pytest.mark.parametrize(
    ("channel", "callback", "words"),
    [
        (CHANNEL, "recall_save_resolution", "Resolve RCL-1"),
        (CHANNEL, "recall_of_a_newer_version", "needs its newest manifest"),
        ("C0SHARED", "recall_save_resolution", "shared with another organisation"),
        ("C0OTHER", "recall_save_resolution", "cannot be told which incident"),
    ],
)
def test_the_shortcut_opens_the_form_or_says_why_not(
    line: Line, channel: str, callback: str, words: str
) -> None:
    message = {"ts": "7.0", "text": "restarted &lt;it&gt; <@U0BOB>"}
    line.sends("message_action", callback_id=callback, channel={"id": channel}, message=message)
    assert words in str(line.slack.view)
