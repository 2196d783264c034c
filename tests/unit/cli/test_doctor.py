"""The doctor finds what is wrong, says what to do, and never tells a secret."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from bot.cli import health as health_command
from bot.cli.doctor import app
from bot.clock import ManualClock
from bot.doctor.examine import examine
from bot.doctor.model import Check, Status
from bot.settings import Settings, load_settings
from bot.store.database import Database
from bot.workspace.server import LocalWorkspace, Room
from knowledge.embed.hashing import HashingEmbedder
from knowledge.errors import ModelError
from knowledge.index.folder_lock import FolderLock
from knowledge.index.generations import Generations
from knowledge.index.projection import Projection
from knowledge.model import Runbook
from knowledge.retrieve.calibration import Calibration, Fitted
from knowledge.text.passages import passages_of
from tests.support.actions import TOUCH
from tests.support.databases import sqlite_database, sqlite_url

EMBEDDER = HashingEmbedder(64)


def _settings(folder: Path, **more: str) -> Settings:
    environment = {"RECALL_DATA_DIR": str(folder), "RECALL_WEBHOOK_TOKEN": "a" * 40, **more}
    return load_settings(environment=environment)


def _examine(settings: Settings) -> dict[str, Check]:
    checks = examine(settings, settings.data_dir / "index", lambda: EMBEDDER, ManualClock())
    return {check.name: check for check in checks}


def _home(folder: Path) -> Path:
    return Generations(folder / "index").home(EMBEDDER.generation)


def _page(name: str) -> Runbook:
    return Runbook(id=name, title=name, body=f"# {name}\n\nRestart it.")


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Database]:
    """A data folder with one page in the database, and an index that has it."""
    with sqlite_database(tmp_path, ManualClock()) as database:
        _add(database, "a")
        projection = Projection(database.knowledge_source(), EMBEDDER, _home(tmp_path))
        projection.open()
        projection.save()
        projection.close()
        yield database


def _add(database: Database, name: str) -> None:
    page = _page(name)
    database.knowledge_source().upsert(
        [(page, passages_of(page))], actor="t", now=ManualClock().now()
    )


def test_an_action_that_nobody_could_approve_is_told_of(tmp_path: Path) -> None:
    actions = tmp_path / "actions"
    actions.mkdir()
    in_console = TOUCH + "approve_in: console\n"
    free = in_console.replace("id: touch", "id: free").replace("risk: low", "risk: read")
    (actions / "touch.yaml").write_text(in_console, encoding="utf-8")
    (actions / "free.yaml").write_text(free + "approvals: 0\n", encoding="utf-8")
    alone = _settings(tmp_path, RECALL_ACTIONS_DIR=str(actions))
    check = _examine(alone)["actions"]
    assert check.status is Status.WARNING
    assert "nobody can approve touch:" in check.detail
    assert "free" not in check.detail  # it needs no approval
    assert "RECALL_OIDC_ISSUER" in check.advice
    signed_on = _settings(
        tmp_path,
        RECALL_ACTIONS_DIR=str(actions),
        RECALL_OIDC_ISSUER="https://login.example.org",
        RECALL_OIDC_CLIENT_ID="recall",
        RECALL_OIDC_CLIENT_SECRET="x" * 40,
        RECALL_PUBLIC_URL="https://recall.example.org",
    )
    assert _examine(signed_on)["actions"].status is Status.OK


def test_a_healthy_place_is_all_ok_but_for_slack(filled: Database, tmp_path: Path) -> None:
    found = _examine(_settings(tmp_path))
    assert {name for name, check in found.items() if check.status is not Status.OK} == {"slack"}
    assert "the same as in the database" in found["index"].detail


def test_every_finding_that_is_not_ok_says_what_to_do(tmp_path: Path) -> None:
    for check in _examine(_settings(tmp_path / "new", RECALL_WEBHOOK_TOKEN="short")).values():
        assert check.advice or check.status is Status.OK, check


def test_a_new_place_is_no_problem_and_is_left_untouched(tmp_path: Path) -> None:
    found = _examine(_settings(tmp_path / "new"))
    assert found["database"].status is Status.WARNING
    assert "recall migrate" in found["database"].advice
    assert not (tmp_path / "new").exists()


def test_a_database_that_is_no_database_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "recall.db").write_bytes(b"this is not a database at all, it is words" * 100)
    found = _examine(_settings(tmp_path))
    assert found["database"].status is Status.PROBLEM
    assert "damaged" in found["database"].detail


def test_a_read_only_database_is_a_problem(tmp_path: Path) -> None:
    url = f"{sqlite_url(tmp_path)}?mode=ro"
    found = _examine(_settings(tmp_path, RECALL_DATABASE_URL=url))
    assert found["database"].status is Status.PROBLEM
    assert "cannot be written" in found["database"].detail


def test_an_unreachable_server_is_a_problem_and_its_password_is_not_told(tmp_path: Path) -> None:
    url = "postgresql://recall:hunter22@127.0.0.1:1/recall"
    found = _examine(_settings(tmp_path, RECALL_DATABASE_URL=url))
    assert found["database"].status is Status.PROBLEM
    assert "hunter22" not in repr(found)


def test_a_schema_that_was_never_finished_is_told(tmp_path: Path) -> None:
    with sqlite_database(tmp_path, ManualClock()) as database:
        with database.writing() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        assert _examine(_settings(tmp_path))["schema"].advice == "run `recall migrate`"
        with database.writing() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert "newer" in _examine(_settings(tmp_path))["schema"].detail


def test_a_changed_audit_record_is_found(filled: Database, tmp_path: Path) -> None:
    for number in range(3):
        with filled.begin() as unit:
            unit.audit.append(
                at=ManualClock().now(), actor="a", action="b", subject=str(number), data={}
            )
    assert _examine(_settings(tmp_path))["audit"].status is Status.OK
    with filled.writing() as connection:
        connection.execute(text("UPDATE audit SET actor = 'nobody' WHERE seq = 2"))
    found = _examine(_settings(tmp_path))["audit"]
    assert (found.status, "event 2" in found.detail) == (Status.PROBLEM, True)


def test_a_missing_model_is_a_problem_and_the_rest_is_still_checked(
    filled: Database, tmp_path: Path
) -> None:
    def missing() -> HashingEmbedder:
        raise ModelError("there is no model")

    checks = examine(_settings(tmp_path), tmp_path / "index", missing, ManualClock())
    found = {check.name: check for check in checks}
    assert found["model"].status is Status.PROBLEM
    assert "slack" in found


def test_an_index_in_use_is_left_to_its_engine(filled: Database, tmp_path: Path) -> None:
    lock = FolderLock(_home(tmp_path))
    lock.acquire()
    try:
        found = _examine(_settings(tmp_path))["index"]
    finally:
        lock.release()
    assert (found.status, "in use" in found.detail) == (Status.OK, True)


def test_a_damaged_index_is_told_and_built_again(filled: Database, tmp_path: Path) -> None:
    for file in (tmp_path / "index").rglob("*.bin"):
        file.write_bytes(b"damaged")
    first = _examine(_settings(tmp_path))["index"]
    second = _examine(_settings(tmp_path))["index"]
    assert (first.status, second.status) == (Status.WARNING, Status.OK)


def test_an_index_of_another_model_alone_is_told_with_what_to_do(
    filled: Database, tmp_path: Path
) -> None:
    (tmp_path / "index" / "another").mkdir()
    _home(tmp_path).rename(tmp_path / "index" / "older")
    found = _examine(_settings(tmp_path))["index"]
    assert found.status is Status.WARNING
    assert "only another, older" in found.detail
    assert "recall index build" in found.advice


def test_an_index_that_lags_behind_catches_up(filled: Database, tmp_path: Path) -> None:
    _add(filled, "b")
    assert _examine(_settings(tmp_path))["index"].status is Status.OK


# --- Slack ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workspace() -> Iterator[LocalWorkspace]:
    with LocalWorkspace(channels=(Room("incidents"), Room("elsewhere", bot=False))) as running:
        yield running


def _slack(workspace: LocalWorkspace, folder: Path, **more: str) -> dict[str, Check]:
    environment = {
        "SLACK_API_URL": workspace.api_url,
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "RECALL_SLACK_CHANNEL": "#incidents",
        **more,
    }
    return _examine(_settings(folder, **environment))


def test_slack_is_asked_for_tokens_scopes_connection_and_channel(
    workspace: LocalWorkspace, tmp_path: Path
) -> None:
    found = _slack(workspace, tmp_path)
    for name in ("slack", "slack scopes", "slack connection", "slack channel"):
        assert found[name].status is Status.OK, found[name]


def test_a_channel_without_the_bot_is_a_problem(workspace: LocalWorkspace, tmp_path: Path) -> None:
    found = _slack(workspace, tmp_path, RECALL_SLACK_CHANNEL="elsewhere")
    assert found["slack channel"].status is Status.PROBLEM
    assert "invite" in found["slack channel"].advice


def test_in_shadow_the_shadow_channel_is_looked_at_as_well(
    workspace: LocalWorkspace, tmp_path: Path
) -> None:
    assert _slack(workspace, tmp_path)["shadow channel"].status is Status.WARNING
    workspace.add_channel(Room("graders", private=True))
    there = _slack(workspace, tmp_path, RECALL_SHADOW_CHANNEL="#graders")
    assert there["shadow channel"].status is Status.OK
    public = _slack(workspace, tmp_path, RECALL_SHADOW_CHANNEL="#incidents")["shadow channel"]
    assert (public.status, "public" in public.detail) == (Status.WARNING, True)
    outside = _slack(workspace, tmp_path, RECALL_SHADOW_CHANNEL="#elsewhere")["shadow channel"]
    assert outside.status is Status.PROBLEM
    assert "#elsewhere" in outside.detail
    gone = _slack(workspace, tmp_path, RECALL_CANARY_CHANNEL="#no-such")["canary channel"]
    assert gone.status is Status.PROBLEM


def test_where_cards_are_on_no_shadow_channel_is_needed(
    workspace: LocalWorkspace, tmp_path: Path
) -> None:
    assert "shadow channel" not in _slack(workspace, tmp_path, RECALL_ROLLOUT="card")


def test_an_archived_channel_is_a_problem(workspace: LocalWorkspace, tmp_path: Path) -> None:
    workspace.add_channel(Room("closed"))
    by_id = workspace.channel_id("closed")
    workspace.user("alice").archives("closed")
    found = _slack(workspace, tmp_path, RECALL_SHADOW_CHANNEL=by_id)["shadow channel"]
    assert (found.status, found.advice) == (
        Status.PROBLEM,
        "choose another one or unarchive it",
    )


def test_a_wrong_token_is_a_problem_and_is_not_told(
    workspace: LocalWorkspace, tmp_path: Path
) -> None:
    secret = "xoxb-not-the-right-one"
    found = _slack(workspace, tmp_path, SLACK_BOT_TOKEN=secret)
    assert found["slack"].status is Status.PROBLEM
    assert secret not in repr(found)


def test_a_slack_that_does_not_answer_is_a_problem(
    workspace: LocalWorkspace, tmp_path: Path
) -> None:
    found = _slack(workspace, tmp_path, SLACK_API_URL="http://127.0.0.1:1/api/")
    assert found["slack"].status is Status.PROBLEM


def test_a_certificate_file_without_certificates_is_told(
    workspace: LocalWorkspace, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("no certificate")
    found = _slack(workspace, tmp_path, RECALL_CA_BUNDLE=str(bundle))
    assert "ca.pem" in found["slack"].detail


# --- the commands -----------------------------------------------------------------------------


def test_all_wrong_settings_are_told_in_json_and_the_exit_code_is_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RECALL_PORT", "many")
    monkeypatch.setenv("RECALL_TYPO", "1")
    done = CliRunner().invoke(app, ["--json"])
    report = json.loads(done.stdout)
    assert (done.exit_code, report["ok"]) == (1, False)
    (check,) = report["checks"]
    assert list(check) == ["name", "status", "detail", "advice"]
    assert "RECALL_PORT" in check["detail"]
    assert "RECALL_TYPO" in check["detail"]


class _Ready(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_health_is_the_servers_own_word(
    status: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = type("Handler", (_Ready,), {"status": status})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        monkeypatch.setenv("RECALL_HOST", "0.0.0.0")
        monkeypatch.setenv("RECALL_PORT", str(server.server_port))
        assert CliRunner().invoke(health_command.app, []).exit_code == code
        thread.join()


def test_health_says_when_nobody_answers() -> None:
    done = CliRunner().invoke(health_command.app, ["--url", "http://127.0.0.1:1"])
    assert done.exit_code == 1
    assert "does not answer" in done.stderr
    assert CliRunner().invoke(health_command.app, ["--url", "file:///etc/passwd"]).exit_code == 2


def test_a_calibration_is_told_and_one_that_does_not_fit_is_a_warning(
    filled: Database, tmp_path: Path
) -> None:
    assert "what Recall comes with" in _examine(_settings(tmp_path))["calibration"].detail
    digest = HashingEmbedder(64).generation.model_digest
    file = tmp_path / "calibration.json"
    made = Calibration(
        incidents=Fitted(0.7, cases=100), model_digest=digest, made_at="2026-11-27T08:00:00"
    )
    file.write_text(json.dumps(made.as_dict()))
    found = _examine(_settings(tmp_path))["calibration"]
    assert found.status is Status.OK
    assert "100 judged cases on 2026-11-27; past incidents answer from 0.70" in found.detail
    file.write_text("{}")
    assert _examine(_settings(tmp_path))["calibration"].status is Status.WARNING


def test_the_teams_sources_and_their_secrets_are_looked_at(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('pagerduty = "a signing secret"\n', encoding="utf-8")
    secrets.chmod(0o600)
    found = _examine(_settings(tmp_path, RECALL_SOURCE_SECRETS=str(secrets)))["sources"]
    assert (found.status, "1 have secrets" in found.detail) == ("ok", True)
    secrets.chmod(0o644)
    found = _examine(_settings(tmp_path, RECALL_SOURCE_SECRETS=str(secrets)))["sources"]
    assert (found.status, "chmod 600" in found.advice) == ("warning", True)
    secrets.write_text('abacus = "hunter22"\npagerduty = 5\nsentry = "short"\n', encoding="utf-8")
    found = _examine(_settings(tmp_path, RECALL_SOURCE_SECRETS=str(secrets)))["sources"]
    assert found.status == "problem"
    for reason in ("'abacus' is no source", "pagerduty needs one text", "shorter than 8"):
        assert reason in found.detail
    assert "hunter22" not in found.detail
