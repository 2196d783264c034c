"""The numbers of each service: what was found, what people said of it, and what for no one else."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.counts.services import ServiceNumbers, together
from bot.settings import Settings
from bot.store.database import Database
from bot.suggestions.ports import Feedback, StoredSuggestion
from knowledge.model import Visibility
from tests.support.console import Browser, console, sign_in
from tests.support.front_fakes import FakeEngine, a_suggestion
from tests.unit.web.test_read_api import take_in


@pytest.fixture
def lead(
    database: Database, clock: ManualClock, engine: FakeEngine, tmp_path: Path
) -> Iterator[Browser]:
    """Two incidents of db, one of which had an answer that somebody called right; one of `=web`
    with a wrong one."""
    take_in(
        database,
        clock,
        {"name": "DiskFull", "key": "1", "labels": {"service": "db", "environment": "a"}},
        {"name": "DiskFull", "key": "2", "labels": {"service": "db", "environment": "b"}},
        {"name": "Slow", "key": "3", "labels": {"service": "=web", "environment": "a"}},
    )
    for key, answered, verdict in (
        ("RCL-1", True, "helpful"),
        ("RCL-2", False, None),
        ("RCL-3", True, "not_helpful"),
    ):
        says(database, clock, key, answered, verdict)
    with console(database, clock, engine, Settings(data_dir=tmp_path)) as browser:
        yield sign_in(browser, database, clock)


def says(
    database: Database, clock: ManualClock, key: str, answered: bool, verdict: str | None
) -> None:
    with database.begin() as uow:
        incident = uow.incidents.get_by_key(key)
        assert incident is not None
        suggestion = a_suggestion(f"s-{key}").model_copy(update={"answered": answered})
        uow.suggestions.add(
            StoredSuggestion(
                suggestion=suggestion, incident_id=incident.id, asked_by="", created_at=clock.now()
            )
        )
        if verdict is not None:
            uow.suggestions.record_feedback(
                Feedback(
                    team_id="T1",
                    past_incident_id=None,
                    suggestion_id=suggestion.id,
                    incident_id=incident.id,
                    actor="T1/BEN",
                    verdict=verdict,
                    at=clock.now(),
                )
            )


def rows(lead: Browser) -> list[dict[str, str]]:
    text = lead.get("/console/numbers-by-service.csv").text
    return list(csv.DictReader(io.StringIO(text)))


def test_each_service_has_its_own_numbers(lead: Browser) -> None:
    first, second = rows(lead)
    assert (first["service"], first["incidents"], first["answered"]) == ("db", "2", "1")
    assert (first["abstained"], first["right"], first["wrong"]) == ("1", "1", "0")
    assert (second["incidents"], second["right"], second["wrong"]) == ("1", "0", "1")
    page = lead.get("/console/numbers").text
    assert "By service" in page
    assert "1 of 1" in page
    assert "0 of 1" in page


def test_no_name_is_a_formula_in_a_spreadsheet(lead: Browser) -> None:
    assert rows(lead)[1]["service"] == "'=web"


def test_what_only_some_may_see_counts_for_no_service(lead: Browser, database: Database) -> None:
    with database.begin() as uow:
        found = uow.incidents.get_by_key("RCL-3")
        assert found is not None
        hidden = Visibility(frozenset({"T1/C9"}))
        uow.incidents.save(replace(found, visibility=hidden, revision=found.revision + 1))
    assert [row["service"] for row in rows(lead)] == ["db"]
    assert "web" not in lead.get("/console/numbers").text


def test_weeks_add_up() -> None:
    one = ServiceNumbers("db", 3, 2, 1, 1, 0)
    found = together([one, ServiceNumbers(None, 9, 9, 0, 0, 0), replace(one, wrong=1)])
    assert [of.service for of in found] == [None, "db"]
    assert found[1] == ServiceNumbers("db", 6, 4, 2, 2, 1)
    assert found[1].abstained == 2
    assert found[1].precision == pytest.approx(2 / 3)
    assert found[0].precision is None
    assert found[0].answered_share == 0.0
