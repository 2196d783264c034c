"""Exported alerts read from files as tools and people leave them."""

import json
from pathlib import Path

import pytest

from bot.alerts.sources import SOURCES
from bot.cli.alert_export import holds_alerts, read_alerts
from bot.cli.sources import alert_as_dict

BODIES = Path(__file__).parents[2] / "data" / "sources" / "alertmanager"
BODY = json.loads((BODIES / "two_pods_firing.json").read_text())["body"]
ALERTS = SOURCES["alertmanager"].parse(BODY)
TRIED = [alert_as_dict(one) for one in ALERTS]


def written(tmp_path: Path, text: str, name: str = "alerts.jsonl") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(BODY),
        json.dumps([BODY], indent=2),
        json.dumps(TRIED, indent=2),
        "\n".join(map(json.dumps, TRIED)),
        "\ufeff" + json.dumps(BODY),
    ],
    ids=["a body", "a list of bodies", "a list of alerts", "an alert a line", "a byte order mark"],
)
def test_all_shapes_give_the_same_alerts(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    assert holds_alerts(path)
    exported = read_alerts(path)
    assert exported.problems == []
    assert [(one.fingerprint, one.name, one.starts_at, one.links) for one in exported.alerts] == [
        (one.fingerprint, one.name, one.starts_at, {**one.links}) for one in ALERTS
    ]


def test_what_cannot_be_read_is_named_by_its_line(tmp_path: Path) -> None:
    undated = {**TRIED[0], "starts_at": None}
    odd = {**TRIED[0], "status": "burning"}
    lines = [json.dumps(TRIED[0]), "{broken", json.dumps(undated), json.dumps(odd), "7"]
    exported = read_alerts(written(tmp_path, "\n".join(lines)))
    assert len(exported.alerts) == 1
    told = [(one.line, one.reason) for one in exported.problems]
    assert [line for line, _ in told] == [2, 3, 4, 5]
    assert "does not say when it began" in told[1][1]
    assert "$.status is 'burning'; one of firing, resolved is expected" in told[2][1]


def test_secrets_are_taken_out(tmp_path: Path) -> None:
    token = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"
    exported = read_alerts(written(tmp_path, json.dumps({**TRIED[0], "summary": f"key {token}"})))
    assert token not in exported.alerts[0].summary


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("incidents.jsonl", json.dumps({"id": "INC-1", "title": "Disk full"})),
        ("incidents.json", json.dumps({"incidents": [{"id": "P1"}]})),
        ("incidents.csv", json.dumps(BODY)),
        ("empty.json", ""),
        ("broken.json", "{"),
    ],
)
def test_other_files_are_no_export_of_alerts(tmp_path: Path, name: str, text: str) -> None:
    assert not holds_alerts(written(tmp_path, text, name))
