"""A Slack export: which channels become incidents, what is taken, and hostile archives."""

import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import BadDocument
from knowledge.loaders.archive import Limits, open_zip
from knowledge.loaders.outcome import Loaded, Problem
from knowledge.loaders.slack_export import load
from knowledge.model import EVERYONE, DocumentState, PastIncident, Visibility

USERS = [{"id": "U1", "team_id": "T9", "name": "dana", "profile": {"display_name": "Dana"}}]
CHANNEL = {
    "id": "C1",
    "name": "inc-042-ledger",
    "created": 1767225600,
    "topic": {"value": "SEV2 ledger writes stalled"},
    "purpose": {"value": ""},
}


def _message(seconds: float, text: str = "", **more: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "user": "U1",
        "ts": f"{1767225600 + seconds:.6f}",
        "text": text,
    } | more


ALERT = _message(
    1,
    "",
    subtype="bot_message",
    bot_id="B1",
    attachments=[
        {
            "title": "[FIRING:1] LedgerLatencyHigh",
            "text": "p99 &gt; 4s",
            "fields": [{"title": "cluster", "value": "eu-1"}],
        }
    ],
)
TALK = [
    _message(0, "<@U1> has joined the channel", subtype="channel_join"),
    ALERT,
    _message(
        60, "<@U1> see <https://grafana.test/d/1|the dashboard>\n```ERROR: lock &amp; wait```"
    ),
    _message(120, "maybe the root cause is the deploy?"),
    _message(1800, "*Root cause:* a migration held a lock\non the ledger table"),
    _message(1900, "Resolution: killed the migration"),
]


def _export(path: Path, files: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, bytes) else json.dumps(content))
    return path


def _load(path: Path, **options: Any) -> tuple[list[PastIncident], list[Problem]]:
    outcomes = list(load(path, **options))
    incidents = [outcome.document for outcome in outcomes if isinstance(outcome, Loaded)]
    return incidents, [outcome for outcome in outcomes if isinstance(outcome, Problem)]  # type: ignore[return-value]


def _usual(**more: Any) -> dict[str, Any]:
    return {
        "channels.json": [CHANNEL, {"id": "C2", "name": "random"}],
        "users.json": USERS,
        "inc-042-ledger/2026-01-01.json": TALK,
        "random/2026-01-01.json": [_message(5, "lunch?")],
    } | more


def test_an_incident_channel_becomes_one_record_of_what_was_said(tmp_path: Path) -> None:
    (incident,), problems = _load(_export(tmp_path / "e.zip", _usual()))
    assert not problems
    assert incident.id == "slack-C1"
    assert incident.title == "SEV2 ledger writes stalled"
    assert incident.severity == "SEV2"
    assert incident.symptom.startswith("[FIRING:1] LedgerLatencyHigh\np99 > 4s\ncluster: eu-1")
    assert "@Dana see the dashboard" in incident.symptom
    assert "joined" not in incident.symptom
    assert incident.logs == ("ERROR: lock & wait",)
    assert incident.cause == "a migration held a lock\non the ledger table"
    assert incident.resolution == "killed the migration"
    assert incident.duration_seconds == 1899
    assert incident.url == "https://app.slack.com/client/T9/C1"
    assert incident.visibility == EVERYONE
    assert incident.state is DocumentState.CONFIRMED


def test_without_a_labelled_statement_cause_and_resolution_stay_empty(tmp_path: Path) -> None:
    files = _usual(**{"inc-042-ledger/2026-01-01.json": TALK[:4]})
    (incident,), _ = _load(_export(tmp_path / "e.zip", files))
    assert (incident.cause, incident.resolution) == ("", "")


def test_the_pattern_chooses_the_channels_and_drafts_stay_drafts(tmp_path: Path) -> None:
    path = _export(tmp_path / "e.zip", _usual())
    (incident,), _ = _load(path, channels="^rand", state=DocumentState.DRAFT)
    assert (incident.title, incident.state) == ("#random", DocumentState.DRAFT)
    with pytest.raises(BadDocument, match="pattern"):
        _load(path, channels="(")


def test_a_private_channel_is_for_its_own_members_only(tmp_path: Path) -> None:
    files = _usual(**{"channels.json": [], "groups.json": [CHANNEL]})
    (incident,), _ = _load(_export(tmp_path / "e.zip", files))
    assert incident.visibility == Visibility(frozenset({"T9/C1"}))


def test_a_private_channel_of_an_unknown_workspace_is_left_out(tmp_path: Path) -> None:
    files = _usual(**{"channels.json": [], "groups.json": [CHANNEL], "users.json": []})
    path = _export(tmp_path / "e.zip", files)
    incidents, (problem,) = _load(path)
    assert not incidents
    assert "--team" in problem.reason
    (incident,), _ = _load(path, team_id="T5")
    assert incident.visibility == Visibility(frozenset({"T5/C1"}))


def test_direct_messages_are_never_read(tmp_path: Path) -> None:
    files = _usual(**{"dms.json": [{"id": "D1", "name": "inc-dm"}], "D1/2026-01-01.json": TALK})
    incidents, _ = _load(_export(tmp_path / "e.zip", files), channels=".*")
    assert {incident.id for incident in incidents} == {"slack-C1", "slack-C2"}


def test_a_broken_day_costs_its_channel_and_no_other(tmp_path: Path) -> None:
    files = _usual(**{"inc-042-ledger/2026-01-02.json": b"{not json"})
    incidents, (problem,) = _load(_export(tmp_path / "e.zip", files), channels=".")
    assert [incident.id for incident in incidents] == ["slack-C2"]
    assert problem.file == "#inc-042-ledger"


def test_an_export_packed_into_one_folder_is_read(tmp_path: Path) -> None:
    files = {f"My Team export/{name}": content for name, content in _usual().items()}
    assert len(_load(_export(tmp_path / "e.zip", files))[0]) == 1


@pytest.mark.parametrize(
    "name", ["../evil.json", "/etc/evil.json", "a/../../evil.json", "C:/evil.json", "..\\evil"]
)
def test_an_archive_that_climbs_out_is_refused(tmp_path: Path, name: str) -> None:
    path = _export(tmp_path / "e.zip", _usual(**{name: []}))
    with pytest.raises(BadDocument, match="outside its folder"):
        _load(path)


def test_an_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    path = _export(tmp_path / "e.zip", _usual())
    link = zipfile.ZipInfo("inc-042-ledger/2026-01-09.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(BadDocument, match="link"):
        _load(path)


def test_an_exploding_entry_is_stopped_while_it_is_read(tmp_path: Path) -> None:
    bomb = b"[" + b" " * 30_000_000 + b"]"
    path = _export(tmp_path / "e.zip", _usual(**{"inc-042-ledger/2026-01-02.json": bomb}))
    _, (problem,) = _load(path)
    assert "expands more than" in problem.reason


def test_limits_hold_for_entries_and_bytes(tmp_path: Path) -> None:
    path = _export(tmp_path / "e.zip", {"a": b"x" * 5000, "b": b"y" * 5000})
    with pytest.raises(BadDocument, match="more than 1 entries"), open_zip(path, Limits(entries=1)):
        pass
    with open_zip(path, Limits(entry_bytes=4000)) as archive, pytest.raises(BadDocument):
        archive.read("a")
    with open_zip(path, Limits(total_bytes=8000)) as archive:
        archive.read("a")
        with pytest.raises(BadDocument, match="archive expands"):
            archive.read("b")


def test_a_file_that_is_no_export_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"PK not a zip")
    with pytest.raises(BadDocument, match="not a readable zip"):
        _load(tmp_path / "no.zip")
    with pytest.raises(BadDocument, match=r"channels\.json"):
        _load(_export(tmp_path / "other.zip", {"a.json": []}))


def test_strange_messages_do_no_harm(tmp_path: Path) -> None:
    strange: list[Any] = [
        None,
        7,
        {"type": "message"},
        _message(1, text=None),
        {"type": "message", "ts": "never"},
        _message(2, attachments=[None, {"fields": [1]}, {"text": 5}], bot_id="B"),
        _message(3, "fine"),
    ]
    files = _usual(**{"inc-042-ledger/2026-01-01.json": strange})
    (incident,), problems = _load(_export(tmp_path / "e.zip", files))
    assert (incident.symptom, problems) == ("fine", [])
