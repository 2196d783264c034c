"""A team's calibration in force: what it changes in an answer, and which files are refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import CalibrationError
from knowledge.model import Document, DocumentKind, Query
from knowledge.retrieve.calibration import (
    PRIOR,
    Calibration,
    Fitted,
    Scaling,
    read_calibration,
)
from knowledge.retrieve.confidence import DEFAULT_THRESHOLD, LINKED
from knowledge.retrieve.ranking import Ranking
from tests.support.memory_knowledge import THREE_CAUSES, page, searchable

DISK = page("disk", "Disk full", "# Disk full\n\nNo space left on the device of the node.")
ORDERS = Query(
    text="Many orders fail", alert_name="OrdersFailing", logs=("FATAL: too many clients already",)
)
LESS_SURE = Scaling(0.5, -1.0)
TEAM = Calibration(
    incidents=Fitted(0.5, LESS_SURE, 100),
    runbooks=Fitted(0.4, LESS_SURE, 80),
    model_digest="abc",
    made_at="2026-11-27",
)


def ask(query: Query, *documents: Document, **how: Any) -> Ranking:
    with searchable(*documents, **how) as (retriever, _):
        return retriever.search(query)


def test_probabilities_are_scaled_and_the_order_stays() -> None:
    plain = ask(ORDERS, *THREE_CAUSES, DISK)
    ours = ask(ORDERS, *THREE_CAUSES, DISK, calibration=TEAM)
    assert ours.incidents == plain.incidents
    assert ours.incident_confidence == pytest.approx(LESS_SURE.of(plain.incident_confidence))
    assert ours.runbook_confidence == pytest.approx(LESS_SURE.of(plain.runbook_confidence))
    assert ours.threshold == 0.5
    assert (plain.calibration, ours.calibration) == ("", "2026-11-27")


def test_its_thresholds_decide_unless_somebody_chose_one() -> None:
    query = Query(text="No space left on the device of the node")
    said = LESS_SURE.of(ask(query, DISK).runbook_confidence)
    for least, answers in ((said - 0.01, True), (said + 0.01, False)):
        team = Calibration(runbooks=Fitted(least, LESS_SURE, 80))
        found = ask(query, DISK, calibration=team)
        assert (found.answered_by is DocumentKind.RUNBOOK) is answers
    assert ask(query, DISK, calibration=team, threshold=0.01).answered


def test_choosing_the_number_that_is_usual_for_incidents_chooses_it_for_runbooks() -> None:
    query = Query(text="No space left on the device of the node")
    said = ask(query, DISK).runbook_confidence
    assert said > DEFAULT_THRESHOLD
    team = Calibration(runbooks=Fitted(said + 0.01))
    assert not ask(query, DISK, calibration=team).answered
    assert ask(query, DISK, calibration=team, threshold=DEFAULT_THRESHOLD).answered


def test_a_persons_word_needs_no_calibration() -> None:
    query = Query(text="Many orders fail", linked=frozenset({"INC-2", "disk"}))
    found = ask(query, *THREE_CAUSES, DISK, calibration=TEAM)
    assert found.incident_confidence == LINKED
    assert found.runbook_confidence == LINKED


def test_several_causes_share_the_scaled_chance() -> None:
    query = Query(text="Many orders fail", alert_name="OrdersFailing")
    plain = ask(query, *THREE_CAUSES)
    found = ask(query, *THREE_CAUSES, calibration=Calibration(incidents=Fitted(0.0, LESS_SURE, 9)))
    assert not found.separated
    assert found.fits == pytest.approx(LESS_SURE.of(plain.fits))
    assert found.confidence < found.fits


def test_it_comes_out_of_its_file_as_it_went_in(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(TEAM.as_dict()))
    assert read_calibration(path, "abc") == TEAM


def test_without_a_file_it_is_the_prior(tmp_path: Path) -> None:
    assert read_calibration(tmp_path / "none.json", "abc") == PRIOR


WHOLE = json.dumps(TEAM.as_dict())
WRONG = [
    "",
    "{",
    "null",
    "[]",
    "{}",
    WHOLE[:40],
    WHOLE.replace('"slope"', '"slip"'),
    WHOLE.replace("0.4,", '"many",'),
    WHOLE.replace('"abc"', '"another model"'),
    json.dumps({**TEAM.as_dict(), "confidence_version": 0}),
    "\x80\x04K\x01.",
]


@pytest.mark.parametrize("content", WRONG)
def test_a_file_of_anything_else_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(content)
    with pytest.raises(CalibrationError, match=r"calibration\.json"):
        read_calibration(path, "abc")
