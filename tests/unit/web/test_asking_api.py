"""Asking for actions over HTTP: in a person's name, by the path and the policy of the chat."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.actions.model import TOKEN, RequestState
from bot.clock import ManualClock
from bot.people.model import Actor
from bot.people.tokens import PREFIX
from bot.redact import redact
from bot.store.database import Database
from bot.web.token_bounds import MOST_A_MINUTE, MOST_WRONG
from knowledge.model import Visibility
from tests.support.actions import ALICE, BOB, CHANNEL, LENA, TEAM, TOUCH, Team
from tests.support.asking import Asking, asking
from tests.support.front_fakes import AUTHORIZED
from tests.support.together import together

DRY = TOUCH + "dry_run: {argv: [/bin/echo, --, would]}\n"


@pytest.fixture
def team(database: Database, clock: ManualClock, tmp_path: Path) -> Team:
    return Team(database, clock, tmp_path)


@pytest.fixture
def api(team: Team) -> Iterator[Asking]:
    with asking(team) as opened:
        yield opened


# -- asking --------------------------------------------------------------------------------------


def test_a_program_asks_in_its_owners_name_and_a_lead_approves_in_the_chat(api: Asking) -> None:
    answer = api.program(ALICE).asks(reason="the disk is full")
    assert answer.status_code == 201
    told = answer.json()
    assert answer.headers["location"] == "/v1/actions/requests/1"
    assert (told["id"], told["key"], told["state"]) == (1, "ACT-1", "awaiting_approval")
    assert (told["requested_by"], told["via"]) == (f"{TEAM}/{ALICE}", "token")
    assert told["rendered"] == f"/usr/bin/touch -- {api.team.folder}/it"
    assert told["link"] == "https://recall.example.org/console/actions/1"
    assert told["shown"]["reasons"] == ["it needs 1 approval"]
    assert told["shown"]["digest"] == told["digest"]

    team = api.team
    team.says()
    with team.database.read() as uow:
        [request] = uow.actions.newest(10)
    assert request.digest == told["digest"]
    assert request.via == TOKEN
    card = team.card(request)
    assert card.reason == "the disk is full"
    assert "asked for by a program, with a personal token" in card.facts
    assert LENA in card.people, "who may approve is told as ever"
    team.approves(LENA, request)
    team.runs()
    assert team.is_there()


def test_it_is_the_very_request_that_the_command_makes(api: Asking) -> None:
    by_command = api.team.asked(ALICE)
    told = api.program(ALICE).asks().json()
    assert told["digest"] == by_command.digest


def test_a_preview_shows_what_would_run_and_asks_for_nothing(api: Asking) -> None:
    program = api.program(ALICE)
    answer = program.asks(preview=True)
    assert answer.status_code == 200
    shown = answer.json()["shown"]
    assert shown["rendered"] == f"/usr/bin/touch -- {api.team.folder}/it"
    assert shown["targets"] == ["it"]
    with api.team.database.read() as uow:
        assert uow.actions.newest(10) == []
    assert program.asks(seen=shown["digest"]).status_code == 201
    late = program.asks(parameters={"name": "that"}, seen=shown["digest"])
    assert late.status_code == 403
    assert "changed since you saw it" in late.json()["detail"]


def test_what_has_a_dry_run_says_so_and_waits_for_it(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    with asking(Team(database, clock, tmp_path, DRY)) as api:
        told = api.program(ALICE).asks().json()
        assert told["state"] == "proposed"
        assert told["shown"]["reasons"][0].startswith("its dry run is made first")
        api.team.runs()
        assert api.program(ALICE).gets("/requests/1").json()["state"] == "awaiting_approval"


def test_mistakes_are_told_by_field(api: Asking) -> None:
    answer = api.program().asks(parameters={"name": "../x", "more": "1"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    errors = {one["at"]: one["problem"] for one in answer.json()["errors"]}
    assert "does not match" in errors["parameters.name"]
    assert set(errors) == {"parameters.name", "parameters.more"}


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"template": 7}, "template"),
        ({"template": ""}, "template"),
        ({"approve": True}, "approve"),
        ({"parameters": {"name": ["x"]}}, "parameters.name.constrained-str"),
        ({"preview": "yes"}, "preview"),
        ({"reason": "x" * 401}, "reason"),
        ({"incident": "RCL-99"}, "incident"),
        ({"channel": "T1/C0SECRET"}, "channel"),
    ],
)
def test_a_body_that_is_none_is_told_by_field(
    api: Asking, body: dict[str, object], at: str
) -> None:
    answer = api.program().asks(**body)
    assert answer.status_code == 422
    assert at.partition(".constrained")[0] in answer.json()["errors"][0]["at"]
    with api.team.database.read() as uow:
        assert uow.actions.newest(10) == []


def test_an_incident_that_not_everyone_may_see_is_not_there(api: Asking) -> None:
    with api.team.database.begin() as uow:
        incident = uow.incidents.get_by_key("RCL-1")
        assert incident is not None
        uow.incidents.save(replace(incident, visibility=Visibility(frozenset({"T1/C1"}))))
    answer = api.program().asks()
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"at": "incident", "problem": "there is no incident RCL-1"}]


def test_the_policy_decides_and_its_reason_is_told_and_on_record(api: Asking) -> None:
    api.team.writes("0.yaml", TOUCH + "may_request: {role: lead}\n")
    answer = api.program(ALICE).asks()
    assert answer.status_code == 403
    assert answer.json()["reasons"] == ["you may not ask for it"]
    denied = [data for _, action, data in api.audited() if action == "action.denied"]
    assert [(one["deed"], one["via"], one["token"]) for one in denied] == [
        ("request", "token", "TOK-1")
    ]
    assert api.program(ALICE).asks(preview=True).status_code == 403
    assert len(api.audited("action.denied")) == 2, "a preview that is denied, too"
    assert api.program(LENA).asks().status_code == 201


def test_its_message_goes_where_the_team_said_and_nowhere_else(api: Asking) -> None:
    api.team.writes("0.yaml", TOUCH + 'channels: ["T1/C0OPS"]\n')
    program = api.program()
    assert program.asks().status_code == 403, "the channel of cards is none of the template's"
    assert program.asks(channel="T1/C0OPS").status_code == 201
    with api.team.database.read() as uow:
        assert [one.channel for one in uow.actions.newest(10)] == ["C0OPS"]


def test_a_channel_that_is_shared_gets_nothing(api: Asking) -> None:
    api.rooms.shared = frozenset({CHANNEL})
    answer = api.program().asks()
    assert "shared with another organisation" in answer.json()["detail"]


def test_secrets_in_what_is_asked_are_taken_out(api: Asking) -> None:
    told = api.program().asks(reason="password=hunter22 in the log").json()
    assert "hunter22" not in str(told)
    with api.team.database.read() as uow:
        assert "hunter22" not in str(uow.actions.newest(1))


# -- the same key again --------------------------------------------------------------------------


def test_a_repeated_call_makes_no_second_request(api: Asking) -> None:
    program = api.program()
    first = program.asks(key="deploy-7")
    again = program.asks(key="deploy-7")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    other = program.asks(key="deploy-7", parameters={"name": "that"})
    assert other.status_code == 422
    assert "was used for ACT-1" in other.json()["detail"]
    assert api.program(BOB).asks(key="deploy-7").json()["id"] == 2, "a key is one person's"
    assert program.asks(key="deploy-8").json()["id"] == 3


def test_many_calls_at_once_under_one_key_make_one_request(api: Asking) -> None:
    program = api.program()
    answers = together(8, lambda _: program.asks(key="once"))
    assert sorted(one.status_code for one in answers) == [200] * 7 + [201]
    assert {one.json()["id"] for one in answers} == {1}


def test_a_key_under_which_nothing_was_made_may_be_used_again(api: Asking) -> None:
    program = api.program()
    assert program.asks(key="k", parameters={"name": "../x"}).status_code == 422
    assert program.asks(key="k").status_code == 201


@pytest.mark.parametrize("key", [" ", "x" * 201, "caf\u00e9"])
def test_a_key_that_is_none_is_refused(api: Asking, key: str) -> None:
    program = api.program()
    headers = {**program.headers, "Idempotency-Key": key.encode("latin-1")}
    answer = api.client.post("/v1/actions/requests", json={"template": "x"}, headers=headers)
    assert answer.status_code == 400


# -- looking and withdrawing ---------------------------------------------------------------------


def test_a_program_looks_at_requests_and_withdraws_its_owners(api: Asking) -> None:
    alice, bob = api.program(ALICE), api.program(BOB)
    alice.asks()
    seen = bob.gets("/requests/1").json()
    assert seen["rendered"].startswith("/usr/bin/touch")
    refused = bob.posts("/requests/1/withdraw")
    assert refused.status_code == 409
    assert "only whoever asked" in refused.json()["detail"]
    done = alice.posts("/requests/1/withdraw")
    assert (done.status_code, done.json()["state"]) == (200, "withdrawn")
    assert alice.posts("/requests/1/withdraw").status_code == 409
    assert alice.posts("/requests/9/withdraw").status_code == 404
    uses = [(who, data["deed"]) for who, action, data in api.audited("token.used") if action]
    assert uses == [
        (ALICE, "request"),
        (BOB, "withdraw"),
        (ALICE, "withdraw"),
        (ALICE, "withdraw"),
    ]


# -- what a token never does, and who holds none -------------------------------------------------


@pytest.mark.parametrize("deed", ["approve", "reject", "changes", "break-glass"])
def test_a_token_never_decides_not_even_an_admins(api: Asking, deed: str) -> None:
    api.program(ALICE).asks()
    answer = api.program("U0ADA").posts(f"/requests/1/{deed}")
    assert answer.status_code == 403
    assert "a token never decides" in answer.json()["detail"]
    with api.team.database.read() as uow:
        request = uow.actions.get(1)
        assert request is not None
        assert request.state is RequestState.AWAITING_APPROVAL
        assert uow.actions.approvals(1) == []
    denied = [(who, data["deed"]) for who, action, data in api.audited("action.denied") if action]
    assert denied == [("U0ADA", deed)]


def test_wrong_expired_and_revoked_tokens_ask_for_nothing(api: Asking) -> None:
    program = api.program(days=1)
    for shown in ("", "Bearer", f"Bearer {PREFIX}", f"Bearer {program.secret}x", "Bearer x"):
        answer = api.client.post(
            "/v1/actions/requests", json={"template": "touch"}, headers={"Authorization": shown}
        )
        assert answer.status_code == 401, shown
        assert "www-authenticate" in answer.headers
    revoked = api.program()
    api.desk.revoke(revoked.token.id, by="T1/U0ADA")
    answer = revoked.asks()
    assert (answer.status_code, "it was revoked" in answer.text) == (401, True)
    api.team.clock.advance(86_400)
    answer = program.asks()
    assert (answer.status_code, "it has expired" in answer.text) == (401, True)
    assert program.gets("/requests").status_code == 401
    with api.team.database.read() as uow:
        assert uow.actions.newest(10) == []
    refused = [(who, data["why"]) for who, _, data in api.audited("token.refused")]
    assert refused == [
        (ALICE, "it was revoked"),
        (ALICE, "it has expired"),
        (ALICE, "it has expired"),
    ]


def test_a_token_that_is_revoked_while_it_is_used_makes_nothing(api: Asking) -> None:
    """Between the front's look and the engine's: the engine looks again, in its transaction."""
    program = api.program()
    act = api.engine.acting
    assert act is not None

    def late(body):
        api.desk.revoke(program.token.id, by="T1/U0ADA")
        return act(body)

    api.engine.acting = late
    assert program.asks().status_code == 401
    with api.team.database.read() as uow:
        assert uow.actions.newest(10) == []


@pytest.mark.parametrize("who", [ALICE, LENA])
def test_the_token_of_somebody_who_left_asks_looks_and_withdraws_nothing(
    api: Asking, who: str
) -> None:
    program = api.program(who)
    assert program.asks().status_code == 201
    api.left.add(who)
    answer = program.asks()
    assert (answer.status_code, "hold no role here" in answer.text) == (403, True)
    assert program.gets("/requests/1").status_code == 403
    assert program.posts("/requests/1/withdraw").status_code == 403
    with api.team.database.read() as uow:
        assert [one.state for one in uow.actions.newest(10)] == [RequestState.AWAITING_APPROVAL]


def test_where_the_chat_does_not_tell_who_is_a_member_nothing_is_asked(api: Asking) -> None:
    api.unknown = True
    answer = api.program().asks()
    assert answer.status_code == 403
    assert "users:read" in answer.json()["detail"]
    denied = [data for _, action, data in api.audited("action.denied") if action]
    assert len(denied) == 1


def test_while_the_engine_is_away_it_is_told_to_try_again(api: Asking) -> None:
    program = api.program()
    api.engine.acting = None
    answer = program.asks()
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


def test_whom_nobody_knows_in_the_chat_gets_no_token(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    linked = f"OIDC/ALICE2={TEAM}/{ALICE}"
    team = Team(database, clock, tmp_path, RECALL_SAME_PEOPLE=linked)
    with asking(team) as api:
        program = api.program(actor=Actor("OIDC", "ALICE2"))
        assert program.asks().json()["requested_by"] == f"{TEAM}/{ALICE}"
        assert api.desk.why_not_make(Actor("OIDC", "SOMEBODY")) != ""
        assert api.desk.why_not_make(Actor("CONSOLE", "ADMIN")) != ""


def test_who_asked_by_a_token_cannot_approve_in_the_chat(api: Asking) -> None:
    """Four eyes are by person, whatever way it was asked."""
    api.program(LENA).asks()
    team = api.team
    team.says()
    with team.database.read() as uow:
        [request] = uow.actions.newest(1)
    team.approves(LENA, request)
    assert team.state(request) is RequestState.AWAITING_APPROVAL
    assert "second person" in team.told()[-1]


# -- often, and in logs --------------------------------------------------------------------------


def test_a_token_is_used_so_often_a_minute_and_others_are_not_kept_out(api: Asking) -> None:
    program, other = api.program(), api.program(BOB)
    codes = [program.gets("/requests").status_code for _ in range(MOST_A_MINUTE + 1)]
    assert codes == [200] * MOST_A_MINUTE + [429]
    assert program.asks().headers["retry-after"] == "60"
    assert other.asks().status_code == 201
    api.team.clock.advance(61)
    assert program.asks().status_code == 201


def test_wrong_tokens_are_slowed_down_and_right_ones_are_not(api: Asking) -> None:
    program = api.program()
    wrong = {"Authorization": f"Bearer {PREFIX}nope"}
    codes = [
        api.client.get("/v1/actions", headers=wrong).status_code for _ in range(MOST_WRONG + 1)
    ]
    assert codes == [401] * MOST_WRONG + [429]
    assert program.asks().status_code == 201, "the same address, with a token in force"


def test_the_secret_is_in_no_log_answer_record_or_database(
    api: Asking, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    program = api.program()
    program.asks(reason=f"made with {program.secret}")
    program.asks(template=program.secret)
    program.gets(f"/requests/{program.secret}")
    with api.team.database.read() as uow:
        kept = str(uow.audit.list()) + str(uow.actions.newest(10)) + str(uow.tokens.newest(10))
    assert program.secret not in kept
    assert program.secret not in redact(f"curl -H 'X: {program.secret}'")
    told = [record.getMessage() for record in caplog.records if record.name.startswith("bot")]
    assert program.secret not in "\n".join(told)
    on_disk = b"".join(one.read_bytes() for one in tmp_path.rglob("*.db*"))
    assert program.secret.encode() not in on_disk


def test_the_apis_own_token_still_reads(api: Asking) -> None:
    api.program().asks()
    seen = api.client.get("/v1/actions/requests/1", headers=AUTHORIZED).json()
    assert seen["via"] == "token"
    assert "rendered" not in seen
