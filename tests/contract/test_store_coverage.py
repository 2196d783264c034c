"""Coverage and staleness from what both databases hold."""

from datetime import timedelta

import pytest

from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.ports import AlertWrite
from bot.clock import ManualClock
from bot.drafts.coverage import Gaps
from bot.drafts.curation import Curation, Editor
from bot.drafts.model import DraftKind
from bot.incidents.model import TimelineEntry, TimelineKind
from bot.people.model import Role
from bot.store.database import Database
from bot.suggestions.corrections import Word
from knowledge.curate.coverage import GapKind
from knowledge.curate.model import Published
from knowledge.curate.staleness import StaleKind
from knowledge.loaders.prometheus_rules import AlertRule
from knowledge.model import (
    DocumentKind,
    DocumentState,
    PastIncident,
    Runbook,
    Visibility,
)
from knowledge.text.passages import passages_of
from tests.support.corrections import a_word

ANN = Editor("T1/U0ANN", Role.LEAD)


@pytest.fixture
def gaps(database: Database, clock: ManualClock) -> Gaps:
    source = database.knowledge_source()
    return Gaps(
        database,
        clock,
        pages=lambda: [
            one for one in source.list(DocumentKind.RUNBOOK) if isinstance(one, Runbook)
        ],
    )


def fires(database: Database, clock: ManualClock, name: str, service: str, **more: object) -> int:
    with database.begin() as uow:
        incident, _ = uow.incidents.open(
            group_key=f"{name}-{service}",
            title=name,
            service=service,
            environment="prod",
            severity=Severity.HIGH,
            team_id="T1",
            now=clock.now(),
        )
        entry = TimelineEntry(
            at=clock.now(), kind=TimelineKind.ALERT_FIRED, text=name, data={"alert": name}
        )
        uow.incidents.add_timeline(incident.id, [entry, entry])
        alert = Alert(
            source="generic",
            fingerprint=f"generic:1:{name}-{service}",
            name=name,
            status=AlertStatus.FIRING,
            severity=Severity.HIGH,
            starts_at=clock.now(),
            **more,  # type: ignore[arg-type]
        )
        write = AlertWrite(
            alert=alert, service=service, environment="prod", incident_id=incident.id
        )
        uow.alerts.save([write], clock.now())
    return incident.id


def keep(database: Database, clock: ManualClock, *documents: Runbook | PastIncident) -> None:
    with database.begin() as uow:
        rows = [(one, passages_of(one)) for one in documents]
        uow.knowledge.upsert(rows, actor="t", now=clock.now())


def record(name: str, **more: object) -> PastIncident:
    values = {"title": name, "symptom": "seen", "state": DocumentState.CONFIRMED, **more}
    return PastIncident(id=name, **values)  # type: ignore[arg-type]


def test_families_are_counted_by_incident_and_covered_by_the_pages_that_name_them(
    gaps: Gaps, database: Database, clock: ManualClock
) -> None:
    fires(database, clock, "OrdersFail", "checkout", links={"runbook": "https://w.example/gone"})
    fires(database, clock, "DiskFull", "db")
    keep(
        database, clock, Runbook(id="disk", title="Disk", body="# Disk\n\nx", alerts=("disk_full",))
    )
    found = gaps.coverage(ANN)
    assert (found.families, found.covered) == (2, 1)
    [gap] = found.gaps
    assert (gap.family.alert, gap.family.service, gap.family.times) == ("OrdersFail", "checkout", 1)
    assert [one.url for one in found.broken_urls] == ["https://w.example/gone"]
    assert found.never_retrieved == ("disk",)


def test_a_page_of_no_help_is_a_gap_until_somebody_is_helped(
    gaps: Gaps, database: Database, clock: ManualClock
) -> None:
    incident = fires(database, clock, "DiskFull", "db")
    keep(
        database, clock, Runbook(id="disk", title="Disk", body="# Disk\n\nx", alerts=("DiskFull",))
    )
    with database.begin() as uow:
        uow.corrections.say(a_word("eve", Word.NOT_HELPFUL, "disk", incident_id=incident))
    [gap] = gaps.coverage(ANN).gaps
    assert (gap.kind, gap.pages) == (GapKind.NOT_HELPFUL, ("disk",))
    with database.begin() as uow:
        uow.corrections.say(a_word("ben", Word.HELPFUL, "disk", incident_id=incident))
    assert gaps.coverage(ANN).gaps == ()


def test_rule_files_and_past_incidents_name_families_too(
    gaps: Gaps, database: Database, clock: ManualClock
) -> None:
    fires(database, clock, "OrdersFail", "checkout")
    keep(database, clock, record("INC-1", alerts=("OrdersFail", "Old"), services=("checkout",)))
    rules = [
        AlertRule("OrdersFail", "g", "r.yml", {"service": "checkout"}, "https://w.example/x"),
        AlertRule("New", "g", "r.yml"),
    ]
    by_alert = {gap.family.alert: gap.family for gap in gaps.coverage(ANN, rules).gaps}
    assert set(by_alert) == {"OrdersFail", "Old", "New"}
    assert by_alert["OrdersFail"].incidents == ("INC-1",)
    assert by_alert["OrdersFail"].rule_files == ("r.yml",)
    assert (by_alert["New"].times, by_alert["New"].rule_files) == (0, ("r.yml",))


def test_what_is_restricted_counts_nowhere(
    gaps: Gaps, database: Database, clock: ManualClock
) -> None:
    secret = Visibility(frozenset({"T1/C9"}))
    keep(
        database,
        clock,
        record("INC-1", alerts=("Secret",), visibility=secret, resolution="r"),
        Runbook(id="s", title="s", body="# s\n\nx", visibility=secret, owner="gone"),
    )
    found = gaps.coverage(ANN)
    assert (found.families, found.never_retrieved) == (0, ())
    assert gaps.stale(ANN, people=frozenset()) == []
    everything = Editor("cli:root", Role.ADMIN, channels=None)
    [gap] = gaps.coverage(everything).gaps
    assert gaps.open_drafts([gap]) == []


def test_a_gap_opens_one_draft_that_a_lead_publishes(
    gaps: Gaps, database: Database, clock: ManualClock
) -> None:
    fires(database, clock, "OrdersFail", "checkout")
    keep(
        database,
        clock,
        record("INC-1", alerts=("OrdersFail",), services=("checkout",), resolution="restart it"),
    )
    found = gaps.coverage(ANN).gaps
    [draft] = gaps.open_drafts(found)
    assert gaps.open_drafts(found) == []
    assert (draft.kind, draft.subject) == (DraftKind.RUNBOOK_EDIT, "checkout/orders-fail")
    done = Curation(database, clock).accept(ANN, draft.id)
    assert isinstance(done, Published)
    assert "restart it (INC-1)" in done.text
    assert gaps.coverage(ANN).gaps == ()


def test_words_on_a_page_tell_when_it_helps_less(
    gaps: Gaps, database: Database, clock: ManualClock
) -> None:
    keep(database, clock, Runbook(id="disk", title="Disk", body="# Disk\n\nx"))
    incident = fires(database, clock, "DiskFull", "db")
    with database.begin() as uow:
        for number in range(5):
            for word, days in ((Word.HELPFUL, 200), (Word.NOT_HELPFUL, 2)):
                at = clock.now() - timedelta(days=days)
                who = f"{word.value}{number}"
                uow.corrections.say(a_word(who, word, "disk", incident_id=incident, at=at))
    [found] = gaps.stale(ANN)
    assert found.kind is StaleKind.FALLING
