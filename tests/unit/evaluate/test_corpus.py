import json
from pathlib import Path

import pytest

from knowledge.evaluate.corpus import BadCorpus, TextField, read_corpus, read_queries


def written(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows) + "\n")
    return path


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"title": "x", "text": "y"}, "line 2: id is missing"),
        ({"id": "a", "title": "x", "text": "y"}, "line 2: id 'a' was there before"),
        ("{broken", "line 2: not JSON"),
        ("[1]", "line 2: not a JSON object"),
        ({"id": "b", "text": 3}, "line 2: text is not a text"),
    ],
)
def test_a_bad_corpus_row_is_named_by_its_line(tmp_path: Path, row: object, said: str) -> None:
    path = written(tmp_path / "c.jsonl", {"id": "a", "title": "t", "text": "x"}, row)
    with pytest.raises(BadCorpus, match=said.replace("'", ".")):
        read_corpus(path)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "q", "text": "x", "relevant": ["zz"]}, "relevant id 'zz' is not in the corpus"),
        ({"id": "q", "text": "x"}, "relevant is missing"),
        ({"id": "q", "relevant": []}, "text is missing"),
        ({"id": "q", "text": "x", "relevant": "a"}, "relevant is not a list"),
        ({"id": "q", "text": "x", "relevant": [], "labels": 3}, "labels is not an object"),
    ],
)
def test_a_bad_query_row_is_named_by_its_line(tmp_path: Path, row: object, said: str) -> None:
    path = written(tmp_path / "q.jsonl", row)
    with pytest.raises(BadCorpus) as raised:
        read_queries(path, {"a"}.__contains__)
    assert f"line 1: {said}" in str(raised.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path / "c.jsonl", "{", "{", "{")
    with pytest.raises(BadCorpus) as raised:
        read_corpus(path)
    assert str(raised.value).count("not JSON") == 3


def test_a_missing_or_empty_file_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(BadCorpus, match="No such file"):
        read_corpus(tmp_path / "nothing.jsonl")
    with pytest.raises(BadCorpus, match="has no rows"):
        read_corpus(written(tmp_path / "empty.jsonl", ""))
    (tmp_path / "latin.jsonl").write_bytes(b'{"id": "\xe4"}')
    with pytest.raises(BadCorpus, match="not UTF-8"):
        read_corpus(tmp_path / "latin.jsonl")


def test_the_wanted_form_of_a_query_is_read_and_text_where_it_lacks(tmp_path: Path) -> None:
    path = written(
        tmp_path / "q.jsonl",
        {"id": "1", "text": "plain", "text_strict": "strict", "relevant": []},
        {"id": "2", "text": "plain", "relevant": [], "exclude": ["a"], "labels": {"n": 1}},
    )
    first, second = read_queries(path, {"a"}.__contains__, TextField.STRICT)
    assert (first.text, second.text) == ("strict", "plain")
    assert second.exclude == {"a"}
    assert second.labels == {"n": "1"}
