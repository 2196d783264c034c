"""What an answer offers to run: what its runbooks name and what helped before, and nothing that
the catalogue does not allow there."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.actions.model import RequestState
from bot.actions.offers import FORM, MOST, ActionOffers
from bot.alerts.model import Severity
from bot.chat.cards import build_card
from bot.chat.messages import Opener
from bot.chat.ports import Destination
from bot.clock import ManualClock
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.store.database import Database
from bot.suggestions.model import Citation, Step, Suggestion, SuggestionKind
from bot.uow import UnitOfWork
from knowledge.model import DocumentState, NamedAction, Runbook, Visibility
from tests.support.actions import CHANNEL, TEAM, TOUCH, Team

AT = Destination(TEAM, CHANNEL)
KEY = "card:RCL-1"


def answer(*pages: str) -> Suggestion:
    """An answer that cites these pages."""
    steps = tuple(
        Step(text="x", is_code=False, citation=Citation(document_id=one, version=1, title=one))
        for one in pages
    )
    return Suggestion(
        id="s1",
        kind=SuggestionKind.RUNBOOK_ONLY,
        answered=True,
        confidence=0.9,
        confidence_words="likely",
        headline="A runbook fits.",
        steps=steps,
        receipt={},
    )


def keeps(team: Team, *actions: NamedAction, name: str = "shop", **more: object) -> Runbook:
    page = Runbook(id=name, title="Shop", body="# Shop\n\nWords.", actions=actions, **more)  # type: ignore[arg-type]
    with team.database.begin() as uow:
        uow.knowledge.upsert([(page, ())], actor="tests", now=team.clock.now())
    return page


def offered(team: Team, found: Suggestion, at: Destination = AT, **changes: object) -> list[Opener]:
    incident = replace(team.fires(), **changes)  # type: ignore[arg-type]
    with team.database.begin() as uow:
        return list(ActionOffers(team.book)(uow, KEY, found, incident, at, team.clock.now()))


def ran_before(team: Team, times: int) -> None:
    """The action ran in that many incidents of the same alert, and the alert was resolved; then
    it fires once more."""
    for number in range(times):
        wish = team.wish()
        with team.database.begin() as uow:
            now = team.clock.now()
            incident, _ = uow.incidents.open(
                group_key=f"night {number}",
                title="ShopDown",
                service="shop",
                environment="prod/eu-1",
                severity=Severity.HIGH,
                team_id=TEAM,
                now=now,
            )
            over = now + timedelta(minutes=3)
            beat(uow, incident, TimelineKind.ALERT_FIRED, now)
            beat(uow, incident, TimelineKind.ALERT_RESOLVED, over)
            request = team.requests.make_within(uow, replace(wish, incident=incident), now).request
            assert request is not None
            run = uow.actions.start(request.id, "run", 1, "r", now)
            assert run is not None
            uow.actions.finish(
                run.id, outcome="ok", exit_code=0, output="", output_digest="", now=now
            )
            uow.actions.move(request, RequestState.SUCCEEDED, ran_at=now)
            uow.incidents.save(replace(incident, state=IncidentState.RESOLVED, resolved_at=over))
        team.clock.advance(7_200)
    incident = team.fires()
    with team.database.begin() as uow:
        beat(uow, incident, TimelineKind.ALERT_FIRED, team.clock.now())


def beat(uow: UnitOfWork, incident: Incident, kind: TimelineKind, at: datetime) -> None:
    data = {"alert": "ShopDown", "fingerprint": "f", "severity": "high"}
    uow.incidents.add_timeline(incident.id, [TimelineEntry(at=at, kind=kind, text="", data=data)])


def test_what_a_cited_page_names_is_offered_by_one_opaque_token(team: Team) -> None:
    keeps(team, NamedAction(template="touch", parameters={"name": "it"}))
    [one] = offered(team, answer("shop"))
    assert (one.form, one.label) == (FORM, "Touch a file")
    with team.database.read() as uow:
        kept = uow.actions.button(one.about)
    assert kept is not None
    assert kept.content["parameters"] == '{"name": "it"}'
    assert "touch" not in one.about
    assert one.about != "it"


def test_a_page_that_is_not_cited_offers_nothing(team: Team) -> None:
    keeps(team, NamedAction(template="touch"))
    assert offered(team, answer()) == []
    assert offered(team, answer("another")) == []


def test_a_template_outside_the_catalogue_is_never_offered(team: Team) -> None:
    keeps(team, NamedAction(template="rm-rf"), NamedAction(template="/bin/sh"))
    assert offered(team, answer("shop")) == []


@pytest.mark.parametrize(
    "change",
    [
        {"state": DocumentState.DRAFT},
        {"state": DocumentState.RETIRED},
        {"visibility": Visibility(frozenset({f"{TEAM}/C2"}))},
    ],
)
def test_a_page_that_readers_may_not_have_offers_nothing(team: Team, change: dict) -> None:
    keeps(team, NamedAction(template="touch"), **change)
    assert offered(team, answer("shop")) == []


@pytest.mark.parametrize(
    ("line", "is_offered"),
    [
        ("environments: [staging]", False),
        ("environments: ['prod/*']", True),
        (f"channels: [{TEAM}/C2]", False),
        (f"channels: [{TEAM}/{CHANNEL}]", True),
    ],
)
def test_only_where_it_is_allowed(
    database: Database, clock: ManualClock, tmp_path: Path, line: str, is_offered: bool
) -> None:
    team = Team(database, clock, tmp_path, f"{TOUCH}{line}\n")
    keeps(team, NamedAction(template="touch"))
    assert bool(offered(team, answer("shop"))) is is_offered


def test_under_an_abstention_and_for_what_is_over_nothing_is_offered(team: Team) -> None:
    keeps(team, NamedAction(template="touch"))
    silent = answer("shop").model_copy(update={"answered": False})
    assert offered(team, silent) == []
    assert offered(team, answer("shop"), state=IncidentState.RESOLVED) == []


def test_at_most_a_few_are_offered_each_template_once(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    texts = [TOUCH.replace("id: touch", f"id: touch-{n}") for n in range(5)]
    team = Team(database, clock, tmp_path, *texts)
    names = ["touch-3", "touch-3", "touch-1", "touch-0"]
    keeps(
        team, *(NamedAction(template=n, parameters={"name": f"a{i}"}) for i, n in enumerate(names))
    )
    found = offered(team, answer("shop"))
    assert len(found) == MOST
    with team.database.read() as uow:
        kept = [uow.actions.button(one.about) for one in found]
    assert [one.content["template"] for one in kept if one] == ["touch-3", "touch-1"]
    assert kept[0] is not None
    assert kept[0].content["parameters"] == '{"name": "a0"}'


def test_what_helped_with_such_alerts_is_offered_with_its_record(team: Team) -> None:
    ran_before(team, 5)
    [one] = offered(team, answer())
    assert one.label == "Touch a file — cleared 5 of 5"


def test_below_five_runs_the_label_gives_a_count_and_stays_within_the_limit(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    team = Team(database, clock, tmp_path, TOUCH.replace("Touch a file", "T" * 75))
    ran_before(team, 2)
    [one] = offered(team, answer())
    assert one.label.endswith("T… — run 2 times")
    assert len(one.label) == 75


def test_an_edit_that_changes_nothing_keeps_the_token(team: Team) -> None:
    keeps(team, NamedAction(template="touch"))
    before = offered(team, answer("shop"))
    incident = team.fires()
    with team.database.begin() as uow:
        card = build_card(incident, (), (), answer("shop"), offers=before)
        uow.outbox.put(KEY, AT, card, team.clock.now())
    assert offered(team, answer("shop")) == before
    keeps(team, NamedAction(template="touch", parameters={"name": "other"}))
    assert offered(team, answer("shop"))[0].about != before[0].about
