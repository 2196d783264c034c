import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.eval import app
from knowledge.retrieve.confidence import RUNBOOK_THRESHOLD

CORPUS = [{"id": "disk", "title": "Disk full", "text": "No space left on the device."}]
LINE_1 = "{}.jsonl cannot be used:\n  line 1: "
QUERIES = [{"id": "1", "text": "no space left on the disk", "relevant": ["disk"]}]


def rows(path: Path, values: list[dict[str, object]]) -> Path:
    path.write_text("\n".join(json.dumps(value) for value in values))
    return path


@pytest.mark.model
def test_json_is_one_object_on_standard_output_and_predictions_a_row_a_query(
    tmp_path: Path,
) -> None:
    corpus, queries = rows(tmp_path / "c.jsonl", CORPUS), rows(tmp_path / "q.jsonl", QUERIES)
    target = tmp_path / "predictions.jsonl"
    asked = ["--corpus", str(corpus), "--queries", str(queries), "--json"]
    result = CliRunner().invoke(app, [*asked, "--predictions", str(target)])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["threshold"] == RUNBOOK_THRESHOLD, "what decided about a corpus of pages"
    assert told["recall@1"] == 1.0
    (row,) = [json.loads(line) for line in target.read_text().splitlines()]
    assert row["ranked"][0]["id"] == "disk"


def test_an_unknown_relevant_id_is_said_with_its_line(tmp_path: Path) -> None:
    corpus = rows(tmp_path / "c.jsonl", CORPUS)
    queries = rows(tmp_path / "q.jsonl", [{"id": "1", "text": "x", "relevant": ["gone"]}])
    result = CliRunner().invoke(app, ["--corpus", str(corpus), "--queries", str(queries), "--json"])
    assert result.exit_code == 1
    assert "line 1: relevant id 'gone' is not in the corpus" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("corpus", "queries", "words"),
    [
        (
            "{broken",
            '{"id": "1", "text": "x", "relevant": []}',
            LINE_1.format("c"),
        ),
        (
            '{"title": "no id"}',
            '{"id": "1", "text": "x", "relevant": []}',
            LINE_1.format("c"),
        ),
        (
            '{"id": "a", "title": "A", "text": "t"}',
            '{"id": "1", "text": "x"}',
            LINE_1.format("q"),
        ),
        ("", '{"id": "1", "text": "x", "relevant": []}', "c.jsonl"),
        ('{"id": "a", "title": "A", "text": "t"}', "", "q.jsonl"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(
    tmp_path: Path, corpus: str, queries: str, words: str
) -> None:
    (tmp_path / "c.jsonl").write_text(corpus)
    (tmp_path / "q.jsonl").write_text(queries)
    asked = ["--corpus", str(tmp_path / "c.jsonl"), "--queries", str(tmp_path / "q.jsonl")]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stdout == ""


def test_a_place_for_predictions_that_is_not_there_is_told_before_the_work(tmp_path: Path) -> None:
    corpus, queries = rows(tmp_path / "c.jsonl", CORPUS), rows(tmp_path / "q.jsonl", QUERIES)
    asked = ["--corpus", str(corpus), "--queries", str(queries)]
    result = CliRunner().invoke(app, [*asked, "--predictions", str(tmp_path / "no" / "p.jsonl")])
    assert result.exit_code == 2
    assert "there is no folder" in result.stderr
