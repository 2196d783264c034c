"""Action requests on both databases: compare-and-set, one word a person, one start an attempt."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.actions.model import ActionButton, Approval, Phase, RequestState, Switch
from bot.actions.presses import ActionPress
from bot.alerts.model import Severity
from bot.audit.reading import events_of
from bot.chat.ports import Destination
from bot.clock import ManualClock
from bot.incidents.model import IncidentState, TimelineEntry, TimelineKind
from bot.people.model import Actor, Role
from bot.people.standing import keep_members, keep_signed_on
from bot.runner.runner import Runner
from bot.store.database import Database
from tests.support.actions import ADA, CHANNEL, LENA, TEAM, TOUCH, Team
from tests.support.together import together


@pytest.fixture
def team(database: Database, clock: ManualClock, tmp_path: Path) -> Team:
    return Team(database, clock, tmp_path)


def test_a_request_comes_back_as_it_was_frozen(team: Team) -> None:
    request = team.asked()
    kept = team.now(request)
    assert kept == request
    assert kept.frozen.digest == request.digest


def test_a_change_is_made_once(team: Team) -> None:
    request = team.asked()
    with team.database.begin() as uow:
        moved = uow.actions.move(request, RequestState.APPROVED, note="yes")
        assert moved is not None
        assert (moved.state, moved.note) == (RequestState.APPROVED, "yes")
        assert uow.actions.move(request, RequestState.REJECTED) is None
        assert [one.id for one in uow.actions.in_states((RequestState.APPROVED,))] == [request.id]
        assert uow.actions.in_states((RequestState.REJECTED,)) == []


def test_a_person_says_one_word_and_an_attempt_starts_once(team: Team) -> None:
    request, now = team.asked(), team.clock.now()
    word = Approval(
        request_id=request.id,
        actor="T1/U1",
        person="P",
        role=Role.LEAD,
        word="approved",
        digest=request.digest,
        at=now,
    )
    with team.database.begin() as uow:
        assert uow.actions.approve(word)
        assert not uow.actions.approve(word)
        assert list(uow.actions.approvals(request.id)) == [word]
        started = uow.actions.start(request.id, "run", 1, "r", now)
        assert started is not None
        assert uow.actions.start(request.id, "run", 1, "r", now) is None
        uow.actions.print(started.id, "half")
        uow.actions.finish(
            started.id, outcome="ok", exit_code=0, output="all", output_digest="d", now=now
        )
        [done] = uow.actions.executions(request.id)
        assert (done.output, done.exit_code, done.ended_at) == ("all", 0, now)


def test_a_lease_is_renewed_by_its_holder_alone(team: Team) -> None:
    request, now = team.asked(), team.clock.now()
    with team.database.begin() as uow:
        uow.actions.move(
            request,
            RequestState.RUNNING,
            phase=Phase.EXECUTING,
            holder="one",
            leased_until=now,
            started_at=now,
        )
        later = now + timedelta(seconds=30)
        assert uow.actions.renew(request.id, "other", later) is None
        assert uow.actions.renew(request.id, "one", later) is False
        assert uow.actions.ask_to_cancel(request.id)
        assert uow.actions.renew(request.id, "one", later) is True
        assert uow.actions.last_run_at("touch", ["it"]) == now
        assert uow.actions.last_run_at("touch", ["it"], but=request.id) is None
        assert uow.actions.last_run_at("touch", ["other"]) is None
        assert uow.actions.runs_since("touch", now) == 1
        assert uow.actions.runs_since("touch", now, but=request.id) == 0


def test_the_switch_and_the_buttons_are_kept(team: Team) -> None:
    with team.database.begin() as uow:
        assert uow.actions.switch() == Switch()
        uow.actions.set_switch(Switch(True, "T1/U1", "why"), team.clock.now())
        uow.actions.set_switch(Switch(True, "T1/U2", "why"), team.clock.now())
        assert uow.actions.switch() == Switch(True, "T1/U2", "why")
        button = ActionButton(
            token="t",
            team_id="T1",
            action="form",
            request_id=None,
            digest="",
            content={"a": "b"},
            created_at=team.clock.now(),
        )
        uow.actions.keep_buttons([button])
        assert uow.actions.button("t") == button
        assert uow.actions.button("u") is None


def click_together(team: Team, clicks: int, number: int, runners: Sequence[Runner]) -> None:
    """One approval, pressed by two approvers at once and again and again, while two runners
    wait: one execution."""
    request = team.asked(name=f"it{number}")
    token = team.token(request, "action_approve")
    over = threading.Event()

    def click(one: int) -> None:
        if one >= clicks:
            while not over.is_set():
                runners[one - clicks].worker.step()
            return
        user = (LENA, ADA)[one % 2]
        press = ActionPress(
            actor=Actor(TEAM, user), token=token, reply_to=Destination(TEAM, CHANNEL, "1.0")
        )
        try:
            assert team.buttons.press(press)
        finally:
            if one == 0:
                over.set()

    together(clicks + 2, click)
    for runner in runners:
        runner.worker.step()
    with team.database.read() as uow:
        executions = uow.actions.executions(request.id)
        words = uow.actions.approvals(request.id)
    assert len(executions) == 1
    assert len({word.person for word in words}) == len(words) == 1
    assert team.is_there(f"it{number}")


PLENTY = "limits: {at_once: 100, per_hour: 1000}\n"


@pytest.fixture
def busy(database: Database, clock: ManualClock, tmp_path: Path) -> Team:
    return Team(database, clock, tmp_path, TOUCH + PLENTY)


def test_fifty_clicks_at_once_give_one_execution(busy: Team) -> None:
    runners = [busy.new_runner() for _ in range(2)]
    for number in range(30):
        click_together(busy, 50, number, runners)
    started = [one for one in events_of(busy.database) if one.action == "action.started"]
    assert len(started) == 30


@pytest.mark.soak
def test_fifty_clicks_at_once_give_one_execution_a_thousand_times(busy: Team) -> None:
    runners = [busy.new_runner() for _ in range(2)]
    for number in range(1_000):
        click_together(busy, 50, number, runners)


def test_the_record_is_counted_from_what_is_stored_and_shown_to_who_approves(team: Team) -> None:
    def night(action: bool, ends: int) -> None:
        wish = team.wish()
        with team.database.begin() as uow:
            started = team.clock.now()
            incident, _ = uow.incidents.open(
                group_key=f"night {started}",
                title="ShopDown",
                service="shop",
                environment="prod/eu-1",
                severity=Severity.HIGH,
                team_id=TEAM,
                now=started,
            )
            data = {"alert": "ShopDown", "fingerprint": "f", "severity": "high"}
            over = started + timedelta(minutes=ends)
            entries = [
                TimelineEntry(at=started, kind=TimelineKind.ALERT_FIRED, text="", data=data),
                TimelineEntry(at=over, kind=TimelineKind.ALERT_RESOLVED, text="", data=data),
            ]
            uow.incidents.add_timeline(incident.id, entries)
            if action:
                wish = replace(wish, incident=incident)
                request = team.requests.make_within(uow, wish, started).request
                assert request is not None
                run = uow.actions.start(request.id, "run", 1, "r", started)
                assert run is not None
                uow.actions.finish(
                    run.id, outcome="ok", exit_code=0, output="", output_digest="", now=started
                )
                uow.actions.move(request, RequestState.WITHDRAWN, ran_at=started)
            uow.incidents.save(replace(incident, state=IncidentState.RESOLVED, resolved_at=over))
        team.clock.advance(7200)

    for ends in (3, 4, 5, 6, 60):
        night(True, ends)
    for ends in (3, 60, 61):
        night(False, ends)
    incident = team.fires()
    data = {"alert": "ShopDown", "fingerprint": "g", "severity": "high"}
    fired = TimelineEntry(at=team.clock.now(), kind=TimelineKind.ALERT_FIRED, text="", data=data)
    with team.database.begin() as uow:
        uow.incidents.add_timeline(incident.id, [fired])
    told = "cleared 4 of 5 within 15 min; by itself 1 of 3"
    assert team.requests.preview(team.wish()).record == told
    assert told in team.card(team.asked()).facts


def test_by_which_way_somebody_approved_and_who_broke_the_glass_are_kept(team: Team) -> None:
    request = team.asked()
    with team.database.begin() as uow:
        keep_signed_on(uow.marks, uow.audit, Actor(TEAM, LENA), Role.LEAD, team.clock.now())
    said = team.buttons.decide_signed_on(
        request.id, "action_approve", request.digest, Actor(TEAM, LENA), "Lena"
    )
    assert said == ""
    with team.database.begin() as uow:
        assert [one.via for one in uow.actions.approvals(request.id)] == ["sign_on"]
        now = uow.actions.get(request.id)
        assert now is not None
        moved = uow.actions.move(
            now, RequestState.APPROVED, broken_by="T1/U1", broken_digest=request.digest
        )
    assert moved is not None
    assert (moved.broken_by, moved.broken_digest) == ("T1/U1", request.digest)


def test_who_approves_and_who_reads_the_groups_do_not_wait_for_each_other(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    """Whoever decides holds the record's lock and looks at groups; the watch takes them the other
    way round."""
    group = f"{TEAM}/S1"
    team = Team(database, clock, tmp_path, RECALL_LEAD_GROUPS=group)
    requests = [team.asked(name=f"n{n}") for n in range(6)]
    tokens = [team.token(one, "action_approve") for one in requests]

    def approve(number: int) -> None:
        at = Destination(TEAM, CHANNEL, "1.0")
        team.buttons.press(ActionPress(actor=Actor(TEAM, LENA), token=tokens[number], reply_to=at))

    def read(number: int) -> None:
        with database.begin() as uow:
            users = [f"U{number}"]
            keep_members(uow.marks, uow.audit, group, users, by="recall/system", now=clock.now())

    together(12, lambda number: approve(number) if number < 6 else read(number))
    assert all(team.state(one) is RequestState.APPROVED for one in requests)
