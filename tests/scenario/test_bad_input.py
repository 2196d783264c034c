"""Bad input and bad days, met by the whole: a clear error, nothing lost, and on it goes."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool
from typer.testing import CliRunner

from bot.cli.import_ import app as import_app
from bot.demo.story import Story
from tests.support.house import TOKEN, House

pytestmark = [pytest.mark.model]

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
JSON = {**AUTHORIZED, "Content-Type": "application/json"}
GENERIC = "/v1/alerts/generic"


def deliver(house: House, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.post(f"{house.address}{path}", content=body, headers=headers, timeout=30)


def an_alert(name: str) -> dict[str, Any]:
    return {"name": name, "labels": {"service": "invoice-exporter"}}


class Storage:
    """What the database stands on. SQLite itself gives the errors, as it would on a bad disk."""

    def __init__(self) -> None:
        self.state: Literal["well", "read_only", "full"] = "well"

    def on_checkout(self, connection: sqlite3.Connection, record: Any, _: Any) -> None:
        if "reads_only" not in record.info:
            (flag,) = connection.execute("PRAGMA query_only").fetchone()
            record.info["reads_only"] = bool(flag)
        if record.info["reads_only"]:
            return
        connection.execute(f"PRAGMA query_only = {int(self.state == 'read_only')}")
        # One page is less than there is: SQLite takes it as "not a page more than now".
        connection.execute(f"PRAGMA max_page_count = {1 if self.state == 'full' else 2**30}")


@pytest.fixture
def storage() -> Iterator[Storage]:
    storage = Storage()
    event.listen(Pool, "checkout", storage.on_checkout)
    yield storage
    event.remove(Pool, "checkout", storage.on_checkout)


@pytest.mark.parametrize("trouble", ["read_only", "full"])
def test_while_the_database_cannot_be_written_senders_are_asked_to_come_again(
    storage: Storage, socket_house: House, story: Story, trouble: Literal["read_only", "full"]
) -> None:
    house = socket_house
    first = story.first_alert
    house.fires(first)
    house.card_that_says(first.name)
    house.until(house.is_settled)
    storage.state = trouble
    # Padded, so that it does not fit into what is left of the last pages.
    body = json.dumps(an_alert("InvoiceExporterBacklog")).encode() + b" " * 200_000
    refused = deliver(house, GENERIC, body, JSON)
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) >= 1
    assert len(house.get("/v1/inbox")["items"]) == 1, "what is there can be read all the while"

    storage.state = "well"
    assert deliver(house, GENERIC, body, JSON).status_code == 202
    house.until(lambda: len(house.get("/v1/alerts")["items"]) == 2)
    house.until(house.is_settled)
    assert {row["state"] for row in house.get("/v1/inbox")["items"]} == {"done"}


def test_what_comes_in_wrong_is_refused_with_a_reason_and_not_kept(socket_house: House) -> None:
    good = json.dumps(an_alert("A")).encode()
    plain = {**AUTHORIZED, "Content-Type": "text/plain"}
    nobody = {"Content-Type": "application/json"}
    for path, body, headers, status, words in (
        (GENERIC, b'{"name": ', JSON, 400, "JSON"),
        (GENERIC, b"\xff\xfe\xfa", JSON, 400, "UTF-8"),
        (GENERIC, good, plain, 415, "application/json"),
        (GENERIC, good, nobody, 401, "Bearer"),
        (GENERIC, b" " * 1_048_577, JSON, 413, "1048576"),
        ("/v1/alerts/nagios-of-old", good, JSON, 404, "the sources are: alertmanager"),
    ):
        answer = deliver(socket_house, path, body, headers)
        problem = answer.json()
        assert (answer.status_code, problem["status"]) == (status, status)
        assert answer.headers["content-type"] == "application/problem+json"
        assert words in problem["detail"]
    assert socket_house.get("/v1/inbox")["items"] == []
    assert deliver(socket_house, GENERIC, good, JSON).status_code == 202


def test_a_known_tools_body_with_wrong_fields_is_kept_with_the_reason(socket_house: House) -> None:
    house = socket_house
    wrong = {
        "/v1/alerts/alertmanager": [{}, {"alerts": [{"status": "firing", "labels": []}]}],
        GENERIC: [{"labels": {"service": "checkout"}}, {"name": 7}],
    }
    ids = [house.post(path, body).json()["id"] for path, bodies in wrong.items() for body in bodies]
    good = house.post(GENERIC, an_alert("A")).json()["id"]
    house.until(house.is_settled)
    rows = {row["id"]: row for row in house.get("/v1/inbox")["items"]}
    assert [rows[one]["state"] for one in ids] == ["failed"] * 4
    assert all(rows[one]["error"].startswith("$") for one in ids), "each says where"
    assert rows[good]["state"] == "done"
    assert [row["name"] for row in house.get("/v1/alerts")["items"]] == ["A"]


def test_slack_that_answers_nothing_at_all_gets_the_card_later_and_once(
    socket_house: House, story: Story
) -> None:
    house = socket_house
    house.workspace.faults.hang("chat.postMessage", calls=1)
    house.fires(story.first_alert)
    house.card_that_says(story.first_alert.name)
    house.until(house.is_settled)
    assert len(house.cards()) == 1


def test_a_folder_with_bad_pages_is_imported_but_for_these_while_the_bot_runs(
    socket_house: House, tmp_path: Path
) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    page = "# Teapot boils dry\n\n## What to do\n\n- Fill the teapot with cold water.\n"
    bad = {
        "broken.md": b"---\ntitle: [unclosed\n---\n# A\n\ntext\n",
        "empty.md": b"",
        "huge.md": b"# A\n\n" + b"word " * 1_200_000,
        "binary.md": b"\x00\x01\x02" * 100,
    }
    good = {
        "teapot.md": page.encode(),
        "latin.md": "# Drucker gestört\n\n- Papier prüfen.\n".encode("latin-1"),
        "flat.md": b"No heading at all, only a few words about the coffee grinder.\n",
        "long.md": b"# Long\n\n" + b"A line about nothing much.\n" * 400,
    }
    for name, content in {**bad, **good}.items():
        (pages / name).write_bytes(content)
    environment = {"RECALL_DATA_DIR": str(tmp_path)}
    result = CliRunner().invoke(import_app, ["runbooks", str(pages), "--json"], env=environment)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["added"] == len(good)
    assert {Path(problem["file"]).name for problem in told["failed"]} == set(bad)
    assert all(problem["reason"] for problem in told["failed"])

    def is_found() -> bool:
        answer = socket_house.post("/v1/suggest", {"text": "the teapot boils dry"}).json()
        return [one["title"] for one in answer["passages"]][:1] == ["Teapot boils dry"]

    socket_house.until(is_found)
