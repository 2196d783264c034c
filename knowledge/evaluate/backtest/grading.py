"""A sheet of answers for people to grade: right or not, with the interval that few grades give."""

import csv
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from knowledge.errors import KnowledgeError
from knowledge.evaluate.backtest.replay import Asked
from knowledge.evaluate.intervals import Interval, wilson

DRAWN = 50
COLUMNS = ("id", "title", "answer", "runbook", "confidence", "right")
_YES, _NO = frozenset({"y", "yes", "1", "true"}), frozenset({"n", "no", "0", "false"})


def draw(answered: Sequence[Asked], seed: int = 0, most: int = DRAWN) -> list[Asked]:
    """A random sample of the answers, in time order; the same for the same seed."""
    drawn = random.Random(seed).sample(list(answered), min(most, len(answered)))
    return sorted(drawn, key=lambda one: (one.started_at, one.id))


def write_sheet(path: Path, drawn: Sequence[Asked]) -> None:
    """A CSV to be filled in: `right` is yes or no, empty for what nobody can tell."""
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(COLUMNS)
        for one in drawn:
            sheet.writerow(
                [
                    _harmless(one.id),
                    _harmless(one.title),
                    _harmless(one.top or ""),
                    _harmless(one.runbook or ""),
                    f"{one.confidence:.2f}",
                    "",
                ]
            )


def read_sheet(path: Path) -> dict[str, bool]:
    """Grades by case. KnowledgeError names the line of the first mistake."""
    grades: dict[str, bool] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in (rows := csv.DictReader(file)):
                if row.get("id") is None or row.get("right") is None:
                    raise KnowledgeError(f"{path} needs the columns id and right")
                said = row["right"].strip().lower()
                if said and said not in _YES | _NO:
                    raise KnowledgeError(
                        f"{path}, line {rows.line_num}: {row['right']!r} is neither yes nor no"
                    )
                if said:
                    grades[row["id"].lstrip("'")] = said in _YES
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise KnowledgeError(f"{path} cannot be read: {error}") from error
    return grades


def graded(grades: Mapping[str, bool], answered: Sequence[Asked]) -> Interval:
    """Precision from the grades of these answers; grades of other cases do not count."""
    told = [grades[one.id] for one in answered if one.id in grades]
    return wilson(sum(told), len(told))


def _harmless(text: str) -> str:
    """A cell that a spreadsheet takes for text, never for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
