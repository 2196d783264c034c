"""What is set, for reading; models, indexes, what may be run; nothing of a secret."""

import json
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.console_facts import facts_of
from bot.drafts.curation import Curation, Editor
from bot.people.model import Role
from bot.settings import Settings
from bot.store.database import Database
from tests.support.actions import TOUCH
from tests.support.console import Browser, console, sign_in
from tests.support.front_fakes import FakeEngine

SECRET = "a-long-signing-secret"
NOISE = """
silences:
  - name: DiskFull*
    reason: known since March
minimum:
  - service: checkout
    count: 3
    within_minutes: 10
"""
BEN = Editor("T1/BEN", Role.LEAD)
PAGE = "---\nactions:\n- touch\n- gone\n---\n\n# Disk is full\n\n1. Look.\n"


def candidate(folder: Path, name: str, *, passed: bool) -> None:
    home = folder / "models" / name
    home.mkdir(parents=True)
    (home / "adapter.safetensors").write_bytes(b"not read for a list")
    facts = {"passed": passed, "made_at": "2026-05-01", "verdict": f"verdict of {name}"}
    (home / "facts.json").write_text(json.dumps(facts))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "secrets.toml").write_text(f'pagerduty = ["{SECRET}", "{SECRET}-two"]\n')
    (tmp_path / "noise.yaml").write_text(NOISE)
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "touch.yaml").write_text(TOUCH.replace("FOLDER", str(tmp_path)))
    return Settings(
        data_dir=tmp_path,
        webhook_token="another-long-secret",
        source_secrets=tmp_path / "secrets.toml",
        noise_file=tmp_path / "noise.yaml",
        actions_dir=tmp_path / "actions",
        leads=("T1/BEN",),
    )


@pytest.fixture
def admin(
    database: Database, clock: ManualClock, engine: FakeEngine, settings: Settings
) -> Iterator[Browser]:
    with console(database, clock, engine, settings) as browser:
        yield sign_in(browser, database, clock, Role.ADMIN)


def test_sources_say_whether_a_secret_is_set_and_never_which(admin: Browser) -> None:
    shown = unescape(admin.get("/console/settings").text)
    assert "2 secrets of its own are set" in shown
    assert "Opened by the bearer token alone" in shown
    assert SECRET not in shown
    assert "another-long-secret" not in shown


def test_without_any_secret_a_source_is_closed(tmp_path: Path) -> None:
    told = facts_of(Settings(data_dir=tmp_path))["Sources"]
    assert told["Bearer token for all"] == "not set"
    assert "PagerDuty" in told["Closed"]
    assert set(told) == {"Bearer token for all", "Closed"}


def test_a_secrets_file_that_is_wrong_is_told_without_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(f'nobody = "{SECRET}"\n')
    told = facts_of(Settings(data_dir=tmp_path, source_secrets=path))["Sources"]
    assert "no source" in told["Not readable"]
    assert SECRET not in str(told)


def test_roles_and_noise_rules_are_told(admin: Browser) -> None:
    shown = unescape(admin.get("/console/settings").text)
    assert "T1/BEN" in shown
    assert "Silent: name DiskFull*" in shown
    assert "3 within 10 min" in shown


def test_a_model_is_promoted_and_taken_back_by_an_administrator(
    admin: Browser, settings: Settings, database: Database
) -> None:
    candidate(settings.data_dir, "aaaa1111", passed=True)
    candidate(settings.data_dir, "bbbb2222", passed=False)
    shown = admin.get("/console/settings").text
    assert 'aria-label="Promote aaaa1111"' in shown
    assert 'aria-label="Promote bbbb2222"' not in shown
    assert "verdict of bbbb2222" in shown
    told = unescape(admin.send("/console/settings/models/promote", {"name": "aaaa1111"}).text)
    assert "aaaa1111 is in force from the next start" in told
    told = unescape(admin.send("/console/settings/models/promote", {"name": "bbbb2222"}).text)
    assert "Nothing was changed" in told
    told = unescape(admin.send("/console/settings/models/roll-back").text)
    assert "shipped is in force from the next start" in told
    told = unescape(admin.send("/console/settings/models/roll-back").text)
    assert "Nothing was changed" in told
    with database.read() as uow:
        done = [event.action for event in uow.audit.list()]
    moved = sorted(one for one in done if one.startswith("model."))
    assert moved == ["model.promoted", "model.rolled_back"]


def test_a_lead_reads_models_and_changes_none(
    admin: Browser, database: Database, clock: ManualClock, settings: Settings
) -> None:
    candidate(settings.data_dir, "aaaa1111", passed=True)
    sign_in(admin, database, clock, Role.LEAD)
    assert "aaaa1111" in admin.get("/console/settings").text
    for path in ("promote", "roll-back"):
        sent = admin.send(f"/console/settings/models/{path}", {"name": "aaaa1111"})
        assert sent.status_code == 403


def test_models_that_cannot_be_read_are_told(admin: Browser, settings: Settings) -> None:
    candidate(settings.data_dir, "aaaa1111", passed=True)
    (settings.data_dir / "models" / "aaaa1111" / "facts.json").write_text("{")
    shown = admin.get("/console/settings")
    assert shown.status_code == 200
    assert "the models cannot be read" in shown.text


def test_what_may_be_run_is_shown_and_pages_link_to_it(
    admin: Browser, database: Database, clock: ManualClock
) -> None:
    shown = admin.get("/console/actions").text
    assert 'id="may-touch"' in shown
    Curation(database, clock).publish(BEN, "db/disk", PAGE, 0)
    shown = admin.get("/console/runbooks/page/db/disk").text
    assert 'href="/console/actions#may-touch"' in shown
    assert 'gone <strong class="problem">not in the catalogue</strong>' in shown


def test_a_broken_template_is_left_out_as_the_runner_leaves_it_out(
    admin: Browser, settings: Settings
) -> None:
    assert settings.actions_dir is not None
    (settings.actions_dir / "broken.yaml").write_text("id: [")
    shown = admin.get("/console/actions").text
    assert 'id="may-touch"' in shown
    assert "recall actions check tells" in shown
    for template in settings.actions_dir.glob("*.yaml"):
        template.unlink()
    assert "there is no catalogue" in admin.get("/console/actions").text


def test_the_numbers_come_as_a_picture(admin: Browser) -> None:
    drawn = admin.get("/console/numbers.png")
    assert drawn.headers["content-type"] == "image/png"
    assert drawn.content.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(drawn.content) < 200_000


def test_without_matplotlib_the_picture_says_what_is_missing(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    drawn = admin.get("/console/numbers.png")
    assert drawn.status_code == 501
    assert "matplotlib" in drawn.text
