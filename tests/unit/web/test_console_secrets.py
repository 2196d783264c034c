"""Secrets of sources, written in the console: in force at once, and never shown again."""

import base64
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from bot.clock import ManualClock
from bot.console import console_parts
from bot.people.model import Role
from bot.secrets.keeping import SecretKeeping
from bot.secrets.live import LiveSecrets
from bot.secrets.sealing import KEY_FILE, new_key
from bot.settings import Settings
from bot.source_secrets import open_sealing, open_secret_keeping
from bot.store.database import Database
from tests.support.console import Browser, sign_in
from tests.support.front_fakes import FakeEngine, front

CANARY = "canary-Zq7rT2-secret"
BODY = b'{"a": 1}'


class House:
    """A front with its console, and a second front on the same database."""

    def __init__(self, database: Database, clock: ManualClock, settings: Settings) -> None:
        self.database, self.clock = database, clock
        engine = FakeEngine()
        sealing = open_sealing(settings)
        self.kept = LiveSecrets(database, clock, sealing)
        self.keeping: SecretKeeping = open_secret_keeping(
            settings, database, clock, sealing, self.kept.forget
        )
        documents = database.knowledge_source().list
        parts = console_parts(
            settings, database, engine, clock, engine.wake, documents, self.keeping
        )
        with ExitStack() as opened:
            client, _ = opened.enter_context(
                front(database, clock, console=parts, engine=engine, token=None, kept=self.kept)
            )
            other = LiveSecrets(database, clock, open_sealing(settings))
            self.other, _ = opened.enter_context(front(database, clock, token=None, kept=other))
            self.opened = opened.pop_all()
        client.follow_redirects = True
        self.browser = Browser(client)


@pytest.fixture
def house(database: Database, clock: ManualClock, tmp_path: Path) -> Iterator[House]:
    made = House(database, clock, Settings(data_dir=tmp_path, _env_file=None))
    with made.opened:
        yield made


def send(client: TestClient, password: str) -> int:
    pair = base64.b64encode(f"recall:{password}".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {pair}"}
    return client.post("/v1/alerts/zabbix", content=BODY, headers=headers).status_code


def sign_of(text: str) -> str:
    found = re.search(r"known as ([0-9a-f]{8})", text)
    assert found is not None, text
    return found.group(1)


def test_a_secret_is_believed_at_once_and_no_more_when_it_is_taken_away(house: House) -> None:
    admin = sign_in(house.browser, house.database, house.clock, Role.ADMIN)
    assert send(admin.client, CANARY) == 401
    assert send(house.other, CANARY) == 401
    answer = admin.send("/console/settings/secrets", {"source": "zabbix", "secret": CANARY})
    sign = sign_of(answer.text)
    assert send(admin.client, CANARY) == 202
    house.clock.advance(2)
    assert send(house.other, CANARY) == 202, "another process believes it without a restart"
    assert send(house.other, f"{CANARY}x") == 401
    second = admin.send("/console/settings/secrets", {"source": "zabbix", "secret": "the next one"})
    assert sign_of(second.text) != sign
    assert send(admin.client, CANARY) == send(admin.client, "the next one") == 202
    gone = admin.send("/console/settings/secrets/remove", {"source": "zabbix", "sign": sign})
    assert f"The secret {sign} of zabbix is gone." in gone.text
    assert send(admin.client, CANARY) == 401
    assert send(admin.client, "the next one") == 202


def test_it_is_never_shown_again(
    house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    admin = sign_in(house.browser, house.database, house.clock, Role.ADMIN)
    answers = [
        admin.send("/console/settings/secrets", {"source": "zabbix", "secret": CANARY}),
        admin.send("/console/settings/secrets", {"source": "zabbix", "secret": CANARY}),
        admin.send("/console/settings/secrets", {"source": "nowhere", "secret": CANARY}),
        admin.get("/console/settings"),
    ]
    assert "kept already" in answers[1].text
    assert "no such source" in answers[2].text
    for answer in answers:
        assert CANARY not in answer.text
        assert CANARY not in str(answer.headers) + str(answer.url)
        assert all(CANARY not in str(step.headers) for step in answer.history)
    assert CANARY not in caplog.text
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes()
    shown = answers[-1].text
    assert "Anna" in shown, "who changed it last is told"
    assert "1 secret of its own is set" in shown


def test_the_key_is_made_at_first_use_and_is_nobody_elses(house: House, tmp_path: Path) -> None:
    admin = sign_in(house.browser, house.database, house.clock, Role.ADMIN)
    admin.get("/console/settings")
    send(admin.client, CANARY)
    assert not (tmp_path / KEY_FILE).exists(), "looking makes no key"
    admin.send("/console/settings/secrets", {"source": "zabbix", "secret": CANARY})
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("role", [Role.LEAD, Role.RESPONDER])
def test_others_see_that_there_is_one_and_write_none(house: House, role: Role) -> None:
    admin = sign_in(house.browser, house.database, house.clock, Role.ADMIN)
    told = admin.send("/console/settings/secrets", {"source": "zabbix", "secret": CANARY}).text
    sign = sign_of(told)
    other = sign_in(house.browser, house.database, house.clock, role)
    shown = other.get("/console/settings").text
    assert sign in shown
    assert 'name="secret"' not in shown
    assert "Take away" not in shown
    fields = {"source": "zabbix", "secret": "another secret"}
    assert other.send("/console/settings/secrets", fields).status_code == 403
    taken = {"source": "zabbix", "sign": sign}
    assert other.send("/console/settings/secrets/remove", taken).status_code == 403
    assert send(other.client, CANARY) == 202


def test_a_form_of_another_site_writes_nothing(house: House) -> None:
    admin = sign_in(house.browser, house.database, house.clock, Role.ADMIN)
    fields = {"source": "zabbix", "secret": CANARY, "guard": "forged"}
    assert admin.client.post("/console/settings/secrets", data=fields).status_code == 403
    assert send(admin.client, CANARY) == 401


def test_what_the_environment_sets_goes_first(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    before = House(database, clock, Settings(data_dir=tmp_path, _env_file=None))
    with before.opened:
        admin = sign_in(before.browser, database, clock, Role.ADMIN)
        admin.send("/console/settings/secrets", {"source": "zabbix", "secret": CANARY})
    file = tmp_path / "secrets.toml"
    file.write_text('zabbix = "recall:from the file"\n')
    settings = Settings(data_dir=tmp_path, source_secrets=file, _env_file=None)
    after = House(database, clock, settings)
    with after.opened:
        admin = sign_in(after.browser, database, clock, Role.ADMIN)
        shown = admin.get("/console/settings").text
        assert "set by environment (1)" in shown
        assert "from the file" not in shown
        assert '<option value="zabbix">' not in shown
        fields = {"source": "zabbix", "secret": "another secret"}
        assert "which wins" in admin.send("/console/settings/secrets", fields).text
    secrets = {"zabbix": (SecretStr("recall:from the file"),)}
    with front(database, clock, token=None, secrets=secrets, kept=after.kept) as (client, _):
        assert send(client, "from the file") == 202
        assert send(client, CANARY) == 401


def test_a_key_that_is_none_and_a_file_that_others_read_are_told(tmp_path: Path) -> None:
    from bot.errors import DataError
    from bot.secrets.sealing import key_in_file

    key = new_key()
    with pytest.raises(ValueError, match="recall sources key") as refused:
        Settings(secret_key=SecretStr(f"{key},nonsense-key"), _env_file=None)
    assert "nonsense-key" not in str(refused.value)
    file = tmp_path / KEY_FILE
    file.write_text(key)
    file.chmod(0o644)
    with pytest.raises(DataError, match="chmod 600"):
        key_in_file(file)
    file.chmod(0o600)
    assert key_in_file(file) == [key]
    file.write_text("")
    with pytest.raises(DataError, match="is empty"):
        key_in_file(file)


def test_several_machines_need_a_key_of_the_environment(tmp_path: Path) -> None:
    from bot.errors import DataError

    settings = Settings(
        data_dir=tmp_path, database_url="postgresql+psycopg://db.example/recall", _env_file=None
    )
    with pytest.raises(DataError, match="RECALL_SECRET_KEY"):
        open_sealing(settings)()
    assert not (tmp_path / KEY_FILE).exists()
