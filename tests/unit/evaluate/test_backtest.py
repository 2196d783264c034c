from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from knowledge.embed.hashing import HashingEmbedder
from knowledge.errors import KnowledgeError
from knowledge.evaluate.backtest.figures import as_dict, precision_of
from knowledge.evaluate.backtest.grading import draw, graded, read_sheet, write_sheet
from knowledge.evaluate.backtest.replay import Replay, replay
from knowledge.model import PastIncident
from tests.support.memory_knowledge import case, page

START = datetime(2026, 3, 1, tzinfo=UTC)
PAGE = page("disk", "Disk full", "No space left on the device. Delete old logs.")


def incident(number: int, symptom: str, cause: str = "", **more: object) -> PastIncident:
    values = {"started_at": START + timedelta(days=number), "alerts": ("DiskFull",), **more}
    return case(f"INC-{number}", "Disk is full", symptom, cause, **values)


def again(cases: Sequence[PastIncident], **more: object) -> Replay:
    return replay(cases, [PAGE], HashingEmbedder(512), threshold=0.3, **more)  # type: ignore[arg-type]


SAME = "no space left on device, volume of the logs is full"
HISTORY = [incident(n, SAME, "Logs were never rotated.") for n in range(4)]


def test_a_case_never_sees_itself_or_what_came_later() -> None:
    first = again(HISTORY).asked[0]
    assert first.id == "INC-0"
    assert not (first.top or "").startswith("INC-")
    assert first.answerable is False


def test_the_order_of_the_file_does_not_matter() -> None:
    assert again(HISTORY) == again(HISTORY[::-1])


def test_cases_of_the_same_moment_do_not_see_each_other() -> None:
    together = [replace(one, started_at=START) for one in HISTORY[:2]]
    assert [one.answerable for one in again(together).asked] == [False, False]


def test_later_cases_of_a_known_cause_are_answered_rightly() -> None:
    told = again(HISTORY)
    assert [one.right for one in told.asked[1:]] == [True] * 3
    precision = precision_of(told)
    assert precision is not None
    assert as_dict(told)["coverage"][0] == 1.0


def test_an_answer_of_another_cause_is_wrong() -> None:
    odd = incident(9, SAME, "Somebody stored a film.")
    last = again([*HISTORY, odd]).asked[-1]
    assert (last.answered, last.right, last.answerable) == (True, False, False)


def test_the_page_that_helped_is_a_right_answer_too() -> None:
    one = again([incident(0, SAME, runbook="disk")]).asked[0]
    assert one.answerable
    assert one.right == one.answered


def test_without_labels_there_is_no_precision() -> None:
    told = as_dict(again([incident(n, SAME) for n in range(3)]))
    assert told["precision"] is None
    assert told["wrong_when_answered"] is None
    assert told["answered"] > 0


def test_days_limit_what_is_asked_and_not_what_is_known() -> None:
    told = again(HISTORY, days=1)
    assert [one.id for one in told.asked] == ["INC-2", "INC-3"]
    assert told.earlier == 2
    assert told.asked[0].right


def test_undated_records_are_counted_and_left_out() -> None:
    told = again([*HISTORY, replace(HISTORY[0], id="INC-X", started_at=None)])
    assert told.undated == ("INC-X",)
    assert len(told.asked) == len(HISTORY)


def test_an_empty_history_is_no_error() -> None:
    assert as_dict(again([]))["cases"] == 0


def test_a_sheet_that_was_filled_in_comes_back(tmp_path: Path) -> None:
    answered = [one for one in again(HISTORY).asked if one.answered]
    drawn = draw(answered)
    sheet = tmp_path / "sheet.csv"
    write_sheet(sheet, drawn)
    lines = sheet.read_text().splitlines()
    filled = [lines[0], lines[1] + "yes", lines[2] + "no", *lines[3:]]
    sheet.write_text("\n".join(filled))
    told = graded(read_sheet(sheet), answered)
    assert told.value == 0.5


def test_a_grade_that_is_neither_is_named_with_its_line(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("id,right\nINC-1,yes\nINC-2,perhaps\n")
    with pytest.raises(KnowledgeError, match="line 3: 'perhaps'"):
        read_sheet(sheet)
    sheet.write_text("a,b\n1,2\n")
    with pytest.raises(KnowledgeError, match="needs the columns"):
        read_sheet(sheet)


def test_a_title_is_never_a_formula(tmp_path: Path) -> None:
    evil = [replace(one, title="=cmd()") for one in again(HISTORY).asked]
    write_sheet(tmp_path / "sheet.csv", evil)
    assert ",'=cmd()" in (tmp_path / "sheet.csv").read_text()


def test_the_same_seed_draws_the_same_answers() -> None:
    asked = again([incident(n, SAME, "Logs.") for n in range(12)]).asked
    assert draw(asked, seed=3, most=5) == draw(asked, seed=3, most=5)
    assert len(draw(asked, most=5)) == 5
