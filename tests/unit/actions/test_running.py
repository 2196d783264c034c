"""What is looked at before, while and after something runs: preconditions, room, stopping, and the
condition that it should mend, read from a real local server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.actions.model import ActionRequest, Phase, RequestState
from bot.clock import ManualClock
from bot.store.database import Database
from tests.support.actions import ADA, ALICE, BOB, LENA, TOUCH, Team

LOCAL = {"RECALL_RUNNER_HOSTS": "localhost@127.0.0.0/8"}
BELOW = """verification:
  http:
    request: {url: "http://localhost:PORT/connections"}
    field: data.value
    below: 15
  stays: 2m
  within: 15m
"""


class Gauge:
    """A server that answers one number."""

    def __init__(self) -> None:
        self.value: Any = 19
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = json.dumps({"data": {"value": outer.value}}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def gauge() -> Iterator[Gauge]:
    opened = Gauge()
    yield opened
    opened.close()


@pytest.fixture
def make(database: Database, clock: ManualClock, tmp_path: Path):
    def make(*templates: str, **more: Any) -> Team:
        return Team(database, clock, tmp_path, *templates, **LOCAL, **more)

    return make


def without_verification(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("verification"))


def approved(team: Team, **values: str) -> ActionRequest:
    request = team.asked(**values)
    team.approves(LENA, request)
    return request


# -- the condition itself ------------------------------------------------------------------------


@pytest.fixture
def measured(make, gauge: Gauge) -> Team:
    below = BELOW.replace("PORT", str(gauge.port))
    return make(f"{without_verification(TOUCH)}\n{below}")


def looks(team: Team, after: float) -> None:
    team.clock.advance(after)
    team.runner.step()


def test_it_worked_when_the_query_stayed_below_its_threshold(measured: Team, gauge: Gauge) -> None:
    request = approved(measured)
    measured.runs()
    assert measured.is_there()
    assert measured.now(request).phase is Phase.VERIFYING, "that it ran is no success"
    looks(measured, 30)
    gauge.value = 4
    looks(measured, 10)
    looks(measured, 60)
    assert measured.now(request).phase is Phase.VERIFYING, "not for two minutes yet"
    gauge.value = 16
    looks(measured, 30)
    gauge.value = 4
    looks(measured, 10)
    looks(measured, 90)
    assert measured.now(request).phase is Phase.VERIFYING, "it was above again: counted anew"
    looks(measured, 40)
    assert measured.state(request) is RequestState.SUCCEEDED
    assert "Verified by the condition itself" in measured.now(request).note


@pytest.mark.parametrize("value", [15, 19, None, [], "NaN", "four", True])
def test_what_does_not_fall_below_did_not_work(measured: Team, gauge: Gauge, value: object) -> None:
    """What is no measurement is no good news either."""
    request = approved(measured)
    measured.runs()
    gauge.value = value
    looks(measured, 600)
    looks(measured, 301)
    assert measured.state(request) is RequestState.FAILED
    assert "still there" in measured.now(request).note


def test_a_number_may_be_written_as_a_text_as_prometheus_does(measured: Team, gauge: Gauge) -> None:
    request = approved(measured)
    measured.runs()
    gauge.value = "4"
    looks(measured, 10)
    looks(measured, 121)
    assert measured.state(request) is RequestState.SUCCEEDED


@pytest.mark.parametrize(
    ("value", "wanted", "holds"),
    [
        (True, "true", True),
        (False, "true", False),
        ("ready", "ready", True),
        ("readyish", "ready", False),
        (4, "4", True),
        (None, "", False),
    ],
)
def test_a_field_may_have_to_equal_a_text(
    make, gauge: Gauge, value: object, wanted: str, holds: bool
) -> None:
    check = BELOW.replace("PORT", str(gauge.port)).replace("below: 15", f'equal: "{wanted}"')
    team = make(f"{without_verification(TOUCH)}\n{check}")
    request = approved(team)
    team.runs()
    gauge.value = value
    looks(team, 10)
    looks(team, 121)
    verified = team.state(request) is RequestState.SUCCEEDED
    assert verified is holds


def test_a_server_that_is_gone_is_no_success(measured: Team, gauge: Gauge) -> None:
    request = approved(measured)
    measured.runs()
    gauge.close()
    looks(measured, 400)
    looks(measured, 600)
    assert measured.state(request) is RequestState.FAILED


# -- before it runs ------------------------------------------------------------------------------


def test_what_has_to_hold_before_is_looked_at_right_before(make, gauge: Gauge) -> None:
    condition = f"""preconditions:
  - says: the standby of ${{name}} follows
    http:
      request: {{url: "http://localhost:{gauge.port}/lag"}}
      field: data.value
      below: 10
"""
    team = make(TOUCH + condition)
    request = approved(team)
    team.runs()
    assert team.state(request) is RequestState.FAILED
    assert not team.is_there()
    assert "the standby of it follows does not hold" in team.now(request).note
    assert "Nothing was run" in team.now(request).note
    gauge.value = 1
    second = approved(team, name="that")
    team.runs()
    assert team.is_there("that")
    assert team.now(second).phase is Phase.VERIFYING


def test_a_program_may_say_whether_it_holds(make) -> None:
    condition = """preconditions:
  - says: it is there
    command: {argv: [/usr/bin/test, -e, "FOLDER/ready"]}
"""
    team = make(TOUCH + condition, commands=("/usr/bin/touch", "/usr/bin/test"))
    request = approved(team)
    team.runs()
    assert team.state(request) is RequestState.FAILED
    assert not team.is_there()
    (team.folder / "ready").touch()
    approved(team, name="that")
    team.runs()
    assert team.is_there("that")


# -- room ----------------------------------------------------------------------------------------


def holds_a_runner(team: Team, request: ActionRequest) -> None:
    """As if another runner were at it."""
    now = team.clock.now()
    with team.database.begin() as uow:
        moved = uow.actions.move(
            team.now(request),
            RequestState.RUNNING,
            phase=Phase.EXECUTING,
            holder="runner:other",
            leased_until=now.replace(year=now.year + 1),
            started_at=now,
        )
    assert moved is not None


def ends(team: Team, request: ActionRequest) -> None:
    with team.database.begin() as uow:
        uow.actions.move(
            team.now(request),
            RequestState.SUCCEEDED,
            phase=Phase.NONE,
            holder=None,
            leased_until=None,
        )


def test_two_never_run_on_one_target_also_of_different_templates(make) -> None:
    other = TOUCH.replace("id: touch", "id: other").replace("FOLDER/${name}", "FOLDER/o-${name}")
    roomy = "limits: {at_once: 5}\n"
    team = make(TOUCH + roomy, other + roomy)
    first = approved(team)
    holds_a_runner(team, first)
    second = team.asked(BOB, "other", name="it")
    team.approves(ADA, second)
    elsewhere = team.asked(BOB, "other", name="that")
    team.approves(ADA, elsewhere)
    team.runs()
    assert team.state(second) is RequestState.APPROVED, "it waits for its turn"
    assert team.is_there("o-that"), "on another target nobody waits"
    ends(team, first)
    team.runs()
    assert team.is_there("o-it")


def test_no_more_of_a_template_at_once_than_it_says(make) -> None:
    team = make(TOUCH + "limits: {at_once: 1}\n")
    first = approved(team, name="a")
    holds_a_runner(team, first)
    second = approved(team, name="b")
    team.runs()
    assert team.state(second) is RequestState.APPROVED
    ends(team, first)
    team.runs()
    assert team.is_there("b")


# -- stopping ------------------------------------------------------------------------------------

SLEEP = TOUCH.replace(
    'argv: [/usr/bin/touch, --, "FOLDER/${name}"]', "argv: [/usr/bin/sleep, '60']"
)


def test_anybody_stops_what_runs_and_it_is_told_who_asked(make) -> None:
    team = make(SLEEP)
    request = approved(team)
    thread = threading.Thread(target=team.runner.worker.step)
    thread.start()
    pause = threading.Event()
    for _ in range(200):
        if team.now(request).phase is Phase.EXECUTING:
            break
        pause.wait(0.02)
    team.says()
    team.presses(BOB, request, "action_cancel")
    thread.join(20)
    assert not thread.is_alive(), "it did not sleep on"
    assert team.state(request) is RequestState.FAILED
    assert "stopped" in team.now(request).note
    assert ("U0BOB", "action.cancel_asked") in team.audited()


def test_what_takes_too_long_is_ended_and_did_not_work(make) -> None:
    team = make(SLEEP + "timeout: 1s\n")
    request = approved(team)
    team.runs()
    assert team.state(request) is RequestState.FAILED
    assert "1 s" in team.now(request).note
    with team.database.read() as uow:
        [run] = uow.actions.executions(request.id)
    assert run.outcome == "timed_out"


# -- time ----------------------------------------------------------------------------------------


def test_a_freeze_and_a_closed_window_stop_what_is_approved_already(make) -> None:
    team = make(TOUCH)
    request = approved(team)
    now = team.clock.now()
    ends_at = now.replace(year=now.year + 1).isoformat()
    team.writes(
        "freeze.yaml",
        f"freezes:\n  - {{name: Sale, start: {now.isoformat()}, end: {ends_at}}}\n",
    )
    team.runs()
    assert team.state(request) is RequestState.DENIED
    assert "a change freeze is on" in team.card(request).note
    assert not team.is_there()
    answer = team.asks(ALICE, name="b")
    assert "a change freeze is on" in answer.refused
