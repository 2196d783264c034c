import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.eval import app

CORPUS = [{"id": "disk", "title": "Disk full", "text": "No space left on the device."}]
QUERIES = [{"id": "1", "text": "no space left on the disk", "relevant": ["disk"]}]


def rows(path: Path, values: list[dict[str, object]]) -> Path:
    path.write_text("\n".join(json.dumps(value) for value in values))
    return path


@pytest.mark.model
@pytest.mark.xdist_group("model")
def test_json_is_one_object_on_standard_output_and_predictions_a_row_a_query(
    tmp_path: Path,
) -> None:
    corpus, queries = rows(tmp_path / "c.jsonl", CORPUS), rows(tmp_path / "q.jsonl", QUERIES)
    target = tmp_path / "predictions.jsonl"
    asked = ["--corpus", str(corpus), "--queries", str(queries), "--json"]
    result = CliRunner().invoke(app, [*asked, "--predictions", str(target)])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
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
