"""How well lines are grouped, on eight public systems with templates labelled by hand."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from knowledge.text.logs import template_of_lines
from tests.support.dev_data import dev_data

LEAST_ON_AVERAGE = 0.95


def test_lines_of_one_template_have_one_key_and_blank_lines_none() -> None:
    keys = template_of_lines(["order 1 is late", "", "order 2 is late", "all is well now"])
    assert keys[0] == keys[2] != keys[3]
    assert keys[1] == ""


@pytest.mark.dev_data
@pytest.mark.parametrize("field", ["content", "raw"])
def test_grouping_is_at_least_that_of_published_drain_on_every_system(field: str) -> None:
    folder = dev_data("logs-dev")
    published = {
        row["dataset"]: row["accuracy"]
        for row in json.loads((folder / "drain_published.json").read_text())["rows"]
    }
    accuracy = {path.stem: grouping_accuracy(*read(path, field)) for path in systems(folder)}
    below = {
        name: (reached, published[name])
        for name, reached in accuracy.items()
        if reached < published[name]
    }
    assert not below
    assert sum(accuracy.values()) / len(accuracy) >= LEAST_ON_AVERAGE


def systems(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("*.jsonl"))


def read(path: Path, field: str) -> tuple[list[str], list[str]]:
    """(lines, labels) of one system; `raw` lines still have their heads."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [row[field] for row in rows], [row["event"] for row in rows]


def grouping_accuracy(lines: Sequence[str], labels: Sequence[str]) -> float:
    """Share of lines whose group is exactly the labelled one (Zhu et al. 2019)."""
    found: dict[str, set[int]] = defaultdict(set)
    labelled: dict[str, set[int]] = defaultdict(set)
    for number, (key, label) in enumerate(zip(template_of_lines(lines), labels, strict=True)):
        found[key].add(number)
        labelled[label].add(number)
    exact = [group for group in found.values() if group == labelled[labels[min(group)]]]
    return sum(map(len, exact)) / len(lines)
