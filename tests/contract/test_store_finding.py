"""What the bot proposes by itself, on both databases: proposed once, and decided on by a lead."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.alerts.intake import AlertIntake
from bot.clock import ManualClock
from bot.drafts.curation import Editor
from bot.drafts.finding import Finding
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.drafts.reviewing import Reviewing
from bot.errors import NotAllowed
from bot.incidents.model import IncidentState, TimelineEntry, TimelineKind
from bot.jobs.ports import InboxItem, InboxKind
from bot.people.model import Role
from bot.services.catalogue import Catalogue
from bot.store.database import Database
from bot.suggestions.corrections import Correction, Word
from knowledge.model import DocumentKind, Runbook, Visibility
from knowledge.text.passages import passages_of
from tests.unit.web.test_read_api import take_in

LEAD = Editor("T1/ANN", Role.LEAD)
EVE = Editor("T1/EVE", Role.RESPONDER)
DAY = 24 * 3_600
STEPS = "".join(f"{n}. Look at the {word} of the volume.\n" for n, word in enumerate(
    ("free space", "writers", "old logs", "snapshots", "mount options"), 1
))  # fmt: skip


def finding_on(database: Database, clock: ManualClock) -> Finding:
    source = database.knowledge_source()

    def pages() -> Sequence[Runbook]:
        every = source.list(DocumentKind.RUNBOOK)
        return [one for one in every if isinstance(one, Runbook)]

    return Finding(database, clock, pages)


def waiting(database: Database, kind: DraftKind) -> Sequence[Draft]:
    with database.read() as uow:
        return uow.drafts.waiting(kind)


def keeps(database: Database, clock: ManualClock, *pages: Runbook) -> None:
    with database.begin() as uow:
        rows = [(page, passages_of(page)) for page in pages]
        uow.knowledge.upsert(rows, actor="t", now=clock.now())


def alert_comes_and_goes(
    database: Database, clock: ManualClock, times: int, minutes: int = 4, **more: Any
) -> None:
    """Each time an incident of its own, over by itself."""
    for number in range(times):
        body = {"name": "DiskBlip", "key": str(number), "labels": {"service": "db"}, **more}
        item = InboxItem(
            id=f"blip-{clock.now().isoformat()}",
            kind=InboxKind.ALERT,
            source="generic",
            body=json.dumps(body).encode(),
            content_type="application/json",
            received_at=clock.now(),
        )
        with database.begin() as uow:
            uow.inbox.add_many([item])
        with database.begin() as uow:
            AlertIntake(Catalogue(), clock).process(uow, uow.inbox.claim(1_000, clock.now()))
        clock.advance(minutes * 60)
        with database.begin() as uow:
            for incident in uow.incidents.active():
                over = replace(incident, state=IncidentState.RESOLVED, resolved_at=clock.now())
                uow.incidents.save(over)
        clock.advance(3_600)


# --- quiet ---------------------------------------------------------------------------------------


def test_quiet_is_proposed_for_what_comes_and_goes_by_itself(
    database: Database, clock: ManualClock
) -> None:
    alert_comes_and_goes(database, clock, 9)
    finding = finding_on(database, clock)
    assert finding.keep_up() == 0
    alert_comes_and_goes(database, clock, 1)
    clock.advance(DAY)
    assert finding.keep_up() == 1
    [draft] = waiting(database, DraftKind.NOISE_RULE)
    assert draft.content["alert"] == "DiskBlip"
    assert "10 incidents in four weeks" in draft.content["why"]
    assert "4 min" in draft.content["why"]
    with pytest.raises(NotAllowed):
        Reviewing(database, clock).accept_noise(EVE, draft.id, "hold_back", 600)
    Reviewing(database, clock).accept_noise(LEAD, draft.id, "hold_back", 600)
    clock.advance(DAY)
    assert finding.keep_up() == 0, "what was decided on is not proposed again"


def test_how_long_an_incident_was_kept_open_afterwards_is_no_length_of_its_noise(
    database: Database, clock: ManualClock
) -> None:
    for _ in range(10):
        alert_comes_and_goes(database, clock, 1, minutes=19)
        with database.begin() as uow:
            [incident] = uow.incidents.list(1)
            assert incident.resolved_at is not None
            entry = TimelineEntry(
                at=incident.resolved_at - timedelta(minutes=15),
                kind=TimelineKind.ALERT_RESOLVED,
                text="DiskBlip: resolved",
                data={"alert": "DiskBlip", "fingerprint": "generic:1:x"},
            )
            uow.incidents.add_timeline(incident.id, [entry])
    finding_on(database, clock).keep_up()
    [draft] = waiting(database, DraftKind.NOISE_RULE)
    assert "4 min" in draft.content["why"]


@pytest.mark.parametrize("case", ["critical", "long", "taken"])
def test_no_quiet_is_proposed_for_what_may_matter(
    database: Database, clock: ManualClock, case: str
) -> None:
    severity = "critical" if case == "critical" else "warning"
    minutes = 16 if case == "long" else 4
    alert_comes_and_goes(database, clock, 10, minutes, severity=severity)
    if case == "taken":
        entry = TimelineEntry(
            at=clock.now(), kind=TimelineKind.STATE_CHANGED, text="acknowledged", actor="T1/BEN"
        )
        with database.begin() as uow:
            uow.incidents.add_timeline(3, [entry])
    assert finding_on(database, clock).keep_up() == 0


# --- words ---------------------------------------------------------------------------------------


def says(
    database: Database,
    clock: ManualClock,
    who: str,
    word: Word = Word.SAME,
    *,
    is_lead: bool = False,
) -> None:
    with database.begin() as uow:
        uow.corrections.say(
            Correction(
                team_id="T1",
                actor=who,
                is_lead=is_lead,
                incident_id=1,
                family="diskfull|db|",
                document_id="disk",
                word=word,
                at=clock.now(),
            )
        )


@pytest.fixture
def told(database: Database, clock: ManualClock) -> Database:
    take_in(database, clock, {"name": "DiskFull", "labels": {"service": "db"}})
    keeps(database, clock, Runbook(id="disk", title="Disk full", body=f"# Disk full\n\n{STEPS}"))
    return database


def test_one_persons_word_waits_for_a_lead_who_makes_it_hold_for_all(
    told: Database, clock: ManualClock
) -> None:
    says(told, clock, "T1/BEN")
    finding = finding_on(told, clock)
    assert finding.keep_up() == 1
    [draft] = waiting(told, DraftKind.LEARNED_LINK)
    assert "RCL-1 is the same as disk" in draft.content["problem"]
    assert draft.content["said_by"] == "T1/BEN"
    clock.advance(DAY)
    assert finding.keep_up() == 0, "it waits once"
    with pytest.raises(NotAllowed):
        Reviewing(told, clock).agree(EVE, draft.id)
    assert Reviewing(told, clock).agree(LEAD, draft.id) == "RCL-1"
    with told.read() as uow:
        words = {(one.actor, one.word, one.is_lead) for one in uow.corrections.list(10)}
        assert uow.drafts.get(draft.id).state is DraftState.ACCEPTED  # type: ignore[union-attr]
    assert words == {("T1/BEN", Word.SAME, False), (LEAD.key, Word.SAME, True)}
    clock.advance(DAY)
    assert finding.keep_up() == 0


@pytest.mark.parametrize("second", ["a lead", "another", "taken back"])
def test_a_word_that_holds_already_or_no_more_does_not_wait(
    told: Database, clock: ManualClock, second: str
) -> None:
    says(told, clock, "T1/BEN")
    finding = finding_on(told, clock)
    finding.keep_up()
    clock.advance(DAY)
    if second == "taken back":
        with told.begin() as uow:
            [word] = uow.corrections.list(10)
            uow.corrections.revoke(word.id, actor="T1/BEN", now=clock.now())
    else:
        says(told, clock, "T1/CAT", is_lead=second == "a lead")
    assert finding.keep_up() == 0
    assert waiting(told, DraftKind.LEARNED_LINK) == []


def test_what_only_some_may_see_is_not_proposed(told: Database, clock: ManualClock) -> None:
    with told.begin() as uow:
        page = uow.knowledge.get("disk")
        assert isinstance(page, Runbook)
        hidden = replace(page, visibility=Visibility(frozenset({"T1/C9"})))
        uow.knowledge.upsert([(hidden, passages_of(hidden))], actor="t", now=clock.now())
    keeps(told, clock, Runbook(id="again", title="Disk again", body=f"# Again\n\n{STEPS}"))
    says(told, clock, "T1/BEN")
    assert finding_on(told, clock).keep_up() == 0


# --- pages ---------------------------------------------------------------------------------------


def test_two_pages_that_say_the_same_are_proposed_once_and_one_is_retired(
    database: Database, clock: ManualClock
) -> None:
    one = Runbook(id="disk", title="Disk full", body=f"# Disk full\n\n{STEPS}6. Ask the team.\n")
    other = Runbook(id="copy", title="Volume full", body=f"# Volume full\n\n{STEPS}")
    apart = Runbook(id="net", title="Net", body="# Net\n\n1. Look at the switch of the rack.\n")
    keeps(database, clock, one, other, apart)
    finding = finding_on(database, clock)
    assert finding.keep_up() == 1
    [draft] = waiting(database, DraftKind.DUPLICATE)
    assert (draft.subject, draft.content["other"]) == ("copy", "disk")
    assert "5 of its 5 lines" in draft.content["problem"]
    clock.advance(DAY)
    assert finding.keep_up() == 0
    reviewing = Reviewing(database, clock)
    with pytest.raises(NotAllowed):
        reviewing.retire_page(EVE, draft.id, DraftKind.DUPLICATE)
    assert reviewing.retire_page(LEAD, draft.id, DraftKind.DUPLICATE) == "copy"
    with database.read() as uow:
        left = {line.id for line in uow.knowledge.shelf()}
        actions = [event.action for event in uow.audit.list()]
    assert left == {"disk", "net"}
    assert {"duplicate.proposed", "runbook.retired"} <= set(actions)


def test_two_replicas_that_look_at_once_propose_once(
    database: Database, clock: ManualClock
) -> None:
    one = Runbook(id="disk", title="Disk full", body=f"# Disk full\n\n{STEPS}")
    keeps(database, clock, one, replace(one, id="copy"))
    made = [finding_on(database, clock).keep_up() for _ in range(2)]
    assert made == [1, 0]
    assert len(waiting(database, DraftKind.DUPLICATE)) == 1
