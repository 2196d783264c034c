"""Cases out of exported alerts."""

from datetime import UTC, datetime, timedelta

from bot.alerts.model import Alert, AlertStatus
from bot.alerts.past import QUIET, cases_of
from bot.services.catalogue import Catalogue
from knowledge.model import Runbook

START = datetime(2026, 3, 1, tzinfo=UTC)
PAGES = [Runbook(id="disk-full", title="Disk full", body="free it", url="https://w.example/d.md")]


def alert(
    minutes: float | None, *, name: str = "DiskFull", link: str = "", **more: object
) -> Alert:
    values = {
        "source": "alertmanager",
        "fingerprint": f"alertmanager:1:{name}",
        "name": name,
        "status": AlertStatus.FIRING,
        "starts_at": None if minutes is None else START + timedelta(minutes=minutes),
        "summary": "The disk is full",
        "labels": {"service": "log-store"},
        "links": {"runbook": link} if link else {},
        **more,
    }
    return Alert(**values)  # type: ignore[arg-type]


def test_an_alert_is_a_case_with_its_words_and_the_page_that_its_rule_links_to() -> None:
    (case,) = cases_of([alert(0, link="https://w.example/d.md#now")], Catalogue(), PAGES)
    assert (case.title, case.alerts, case.services) == ("DiskFull", ("DiskFull",), ("log-store",))
    assert case.symptom == "The disk is full"
    assert case.started_at == START
    assert case.runbook == "disk-full"


def test_a_page_that_moved_is_found_by_the_last_part_of_the_link() -> None:
    (case,) = cases_of([alert(0, link="https://old.example/disk-full")], Catalogue(), PAGES)
    assert case.runbook == "disk-full"


def test_a_link_to_no_page_of_ours_tells_no_truth() -> None:
    (case,) = cases_of([alert(0, link="https://w.example/other")], Catalogue(), PAGES)
    assert case.runbook is None


def test_alerts_of_one_family_close_together_are_one_case() -> None:
    hour = QUIET.total_seconds() / 60
    ended = START + timedelta(minutes=2 * hour)
    alerts = [
        alert(0, labels={"service": "log-store", "pod": "log-store-1"}),
        alert(hour, labels={"service": "log-store", "pod": "log-store-2"}, ends_at=ended),
        alert(3 * hour),
        alert(4 * hour + 0.1),
        alert(0, name="DiskSlow"),
    ]
    cases = cases_of(reversed(alerts), Catalogue(), PAGES)
    assert [(one.title, one.started_at) for one in cases] == [
        ("DiskFull", START),
        ("DiskSlow", START),
        ("DiskFull", START + timedelta(minutes=4 * hour + 0.1)),
    ]
    assert cases[0].resolved_at == ended
    assert len({one.id for one in cases}) == 3


def test_an_alert_without_a_start_is_no_case() -> None:
    assert cases_of([alert(None)], Catalogue(), PAGES) == []
