"""What unresolved alerts carry, so that a rule can be written for them; and where it is shown."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.alerts.intake import AlertIntake
from bot.alerts.unresolved import Unresolved, in_words, label_sets
from bot.cli import app
from bot.clock import ManualClock, SystemClock
from bot.doctor.catalogue import check_resolved
from bot.doctor.model import Status
from bot.jobs.ports import InboxItem, InboxKind
from bot.services.catalogue import Catalogue
from bot.settings import Settings
from bot.store.database import Database
from bot.web.resolved_metrics import ResolvedGauges
from tests.support.console import console, sign_in
from tests.support.databases import sqlite_database, sqlite_url
from tests.support.front_fakes import FakeEngine, front


def one(name: str = "A", source: str = "zabbix", **labels: str) -> Unresolved:
    return Unresolved(
        source=source, name=name, labels=labels, has_service=False, has_environment=True
    )


def test_alerts_with_labels_of_the_same_names_are_told_together() -> None:
    found = [one(host="a"), one(host="b"), one(host="c", rack="1"), one(source="nagios", host="d")]
    first, *others = label_sets(found)
    assert (first.source, first.labels, first.alerts) == ("zabbix", ("host",), 2)
    assert first.example == {"host": "a"}
    assert [other.alerts for other in others] == [1, 1]


def test_they_are_said_in_a_line() -> None:
    [told] = label_sets([one("DiskFull", host="a" * 100, **{f"l{n}": "x" for n in range(20)})])
    line = in_words(told)
    assert line.startswith("zabbix, 1 alert without service: host=aaaa")
    assert "and 9 more (DiskFull)" in line
    assert "a" * 61 not in line
    assert "no labels" in in_words(label_sets([one()])[0])


LABELS = st.dictionaries(st.sampled_from("abcd"), st.text(max_size=3), max_size=3)


@given(st.lists(LABELS, max_size=30))
def test_every_alert_is_in_one_set_and_the_largest_come_first(labels: list[dict[str, str]]) -> None:
    sets = label_sets([one(**each) for each in labels], most=1_000)
    assert sum(each.alerts for each in sets) == len(labels)
    assert [each.alerts for each in sets] == sorted((s.alerts for s in sets), reverse=True)
    assert len({each.labels for each in sets}) == len(sets)


# -- where it is shown -------------------------------------------------------------------------

BODIES = (
    {"name": "DiskFull", "key": "1", "labels": {"host": "<b>web-1</b>"}},
    {"name": "DiskFull", "key": "2", "labels": {"host": "web-2"}},
    {"name": "CheckoutDown", "labels": {"service": "checkout", "env": "prod"}},
)


def take_in(database: Database, clock: ManualClock | SystemClock) -> None:
    items = [
        InboxItem(
            id=f"d{number}",
            kind=InboxKind.ALERT,
            source="generic",
            body=json.dumps(body).encode(),
            content_type="application/json",
            received_at=clock.now(),
        )
        for number, body in enumerate(BODIES)
    ]
    with database.begin() as uow:
        uow.inbox.add_many(items)
    with database.begin() as uow:
        AlertIntake(Catalogue(), clock).process(uow, uow.inbox.claim(100, clock.now()))


def test_the_doctor_warns_of_many_and_says_what_to_do(tmp_path: Path) -> None:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        assert list(check_resolved(database, clock)) == []
        take_in(database, clock)
        [check] = check_resolved(database, clock)
        assert check.status is Status.WARNING
        assert "2 of 3 alerts of 7 days (67%)" in check.detail
        assert "generic, 2 alerts without service and environment: host=" in check.detail
        assert "services.yaml" in check.advice
        clock.advance(timedelta(days=8).total_seconds())
        assert list(check_resolved(database, clock)) == []


def test_the_command_line_lists_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sqlite_url(tmp_path)
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    database = Database(f"sqlite:///{tmp_path / 'recall.db'}", clock=SystemClock())
    take_in(database, SystemClock())
    database.close()
    told = CliRunner().invoke(app, ["sources", "unresolved"])
    assert told.exit_code == 0
    assert "2 of 3 alerts of 7 days (67%)" in told.stderr
    assert "host=<b>web-1</b>" in told.stderr or "host=web-2" in told.stderr
    found = json.loads(CliRunner().invoke(app, ["sources", "unresolved", "--json"]).stdout)
    assert (found["unresolved"], found["share"]) == (2, 0.6667)
    assert found["label_sets"][0]["labels"] == ["host"]


def test_the_console_and_the_metrics_show_it(tmp_path: Path) -> None:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        take_in(database, clock)
        with console(database, clock, FakeEngine(), Settings(data_dir=tmp_path)) as browser:
            page = sign_in(browser, database, clock).get("/console/numbers").text
        assert "2 of 3 alerts of 7 days (67%)" in page
        assert "<b>web-1</b>" not in page
        with front(database, clock) as (client, _):
            told = client.get("/metrics").text
        assert "recall_alerts_last_week" in told
        assert 'recall_alerts_unresolved{missing="any"}' in told


def test_the_metrics_are_counted_once_a_minute(tmp_path: Path) -> None:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        gauges = ResolvedGauges(database, clock)

        def alerts() -> float:
            every, _ = gauges.collect()
            return float(every.samples[0].value)

        assert alerts() == 0
        take_in(database, clock)
        assert alerts() == 0
        clock.advance(60)
        assert alerts() == 3
