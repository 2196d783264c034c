import json
from pathlib import Path

import pytest

from knowledge.embed.hashing import HashingEmbedder
from knowledge.evaluate.assess import Asking, Assessment, assess
from knowledge.evaluate.corpus import BadCorpus
from knowledge.evaluate.run import EvalReport, Progress

CORPUS = [
    {"id": "disk", "title": "Disk full", "text": "# Disk full\n\nNo space left on the device."},
    {"id": "clock", "title": "Clock skew", "text": "# Clock skew\n\nThe clock of a host drifts."},
    {"id": "cert", "title": "Certificate", "text": "# Certificate\n\nRenew before it expires."},
]
QUERIES = [
    {"id": "1", "text": "no space left on the disk", "relevant": ["disk"]},
    {"id": "2", "text": "the clock of the host drifts", "relevant": ["clock"]},
    {"id": "3", "text": "no space left on the disk", "relevant": ["cert"], "exclude": ["disk"]},
    {"id": "4", "text": "espresso machine out of beans", "relevant": []},
]
KEYS = ["corpus", "queries", "recall@1", "recall@5", "recall@10", "mrr@10", "index_seconds"]
KEYS += ["ms_per_query_p50", "ms_per_query_p95"]
KEYS += ["answered", "wrong_when_answered", "coverage", "ece"]


def run(
    corpus: Path, queries: Path, embedder: HashingEmbedder, progress: Progress | None = None
) -> EvalReport:
    return assess("set", corpus, queries, embedder, progress=progress).report


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    corpus, queries = tmp_path / "corpus.jsonl", tmp_path / "queries.jsonl"
    corpus.write_text("\n".join(json.dumps(row) for row in CORPUS))
    queries.write_text("\n".join(json.dumps(row) for row in QUERIES))
    return corpus, queries


def test_the_report_has_exactly_the_published_keys(files: tuple[Path, Path]) -> None:
    assert list(run(*files, HashingEmbedder(512)).as_dict()) == KEYS


def test_figures_count_answerable_queries_alone(files: tuple[Path, Path]) -> None:
    report = run(*files, HashingEmbedder(512))
    assert (report.corpus, report.queries) == (3, 4)
    assert report.recall_1 in (2 / 3, 1.0)
    assert report.recall_5 == 1.0


def test_excluded_documents_are_in_no_ranking(files: tuple[Path, Path]) -> None:
    rows = {
        row["id"]: row
        for row in (p.as_row() for p in run(*files, HashingEmbedder(512)).predictions)
    }
    assert rows["1"]["ranked"][0]["id"] == "disk"
    assert "disk" not in [hit["id"] for hit in rows["3"]["ranked"]]
    assert not rows["4"]["answered"]
    assert set(rows["1"]) == {"id", "ranked", "confidence", "answered"}


def test_scores_fall_along_the_ranking(files: tuple[Path, Path]) -> None:
    for prediction in run(*files, HashingEmbedder(512)).predictions:
        scores = [hit.score for hit in prediction.ranking.ranked]
        assert scores == sorted(scores, reverse=True)


def test_without_titles_no_title_takes_part(files: tuple[Path, Path]) -> None:
    asking = Asking(titles=False)
    report = assess("set", *files, HashingEmbedder(512), asking=asking).report
    features = [hit.features["title"] for p in report.predictions for hit in p.ranking.ranked]
    assert set(features) == {0.0}


def test_progress_is_told_for_both_parts(files: tuple[Path, Path]) -> None:
    told: list[tuple[str, int, int]] = []
    run(*files, HashingEmbedder(512), progress=lambda *now: told.append(now))
    assert ("index", 3, 3) in told
    assert told[-1] == ("queries", 4, 4)


def test_bad_files_stop_it_before_any_work(files: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"id": "1", "text": "x", "relevant": ["gone"]}')
    with pytest.raises(BadCorpus, match="gone"):
        run(files[0], tmp_path / "bad.jsonl", HashingEmbedder(512))


def test_a_corpus_of_one_document_can_be_asked(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text(json.dumps(CORPUS[0]))
    (tmp_path / "q.jsonl").write_text(json.dumps(QUERIES[0]))
    assert run(tmp_path / "c.jsonl", tmp_path / "q.jsonl", HashingEmbedder(64)).recall_1 == 1.0


def test_removed_answers_are_no_answers(files: tuple[Path, Path]) -> None:
    asking = Asking(removed=(0.34, 0.67))
    told = assess("set", *files, HashingEmbedder(512), asking=asking)
    for removal, gone in zip(told.removals, (1, 2), strict=True):
        answerable = [one for one in removal.told if one.answerable]
        assert len(removal.told) == 3 * len(QUERIES)
        assert len(answerable) == 3 * (3 - gone)
        assert not any(one.right for one in removal.told if not one.answerable)


def test_plain_methods_are_measured_on_the_same_queries(files: tuple[Path, Path]) -> None:
    told = assess("set", *files, HashingEmbedder(512), plain=HashingEmbedder(512))
    assert told.compared is not None
    assert {len(places) for places in told.compared.places.values()} == {3}
    assert told.as_dict()["compare"]["bm25"]["recall@1"] >= 2 / 3 - 0.001


def test_several_sets_have_means_that_count_each_the_same(files: tuple[Path, Path]) -> None:
    one = assess("one", *files, HashingEmbedder(512))
    two = assess("two", *files, HashingEmbedder(512), asking=Asking(titles=False))
    told = Assessment((one, two)).as_dict()
    assert list(told["sets"]) == ["one", "two"]
    wanted = (one.report.recall_1 + two.report.recall_1) / 2
    assert told["mean"]["recall@1"] == pytest.approx(wanted, abs=1e-4)
