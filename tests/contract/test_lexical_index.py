"""What the lexical index must do: exact scores of what is visible, whatever happened before."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.errors import IndexDamaged
from knowledge.index.lexical import TantivyIndex

WEIGHTS = {"title": 2.0, "alerts": 3.0, "services": 1.0, "body": 1.0}


def _row(body: str, title: str = "", alerts: str = "", services: str = "") -> dict[str, str]:
    return {"title": title, "alerts": alerts, "services": services, "body": body}


def _fresh(rows: Mapping[int, Mapping[str, str]]) -> TantivyIndex:
    index = TantivyIndex(None)
    index.add(rows)
    index.commit()
    return index


_TEXT = st.lists(
    st.sampled_from(["disk", "full", "disks", "DiskFull", "dns", "lag", "replica", "503"]),
    max_size=5,
).map(" ".join)
_ROWS = st.dictionaries(
    st.integers(1, 8), st.builds(_row, _TEXT, _TEXT, _TEXT), min_size=1, max_size=5
)
_OPERATION = st.one_of(
    st.tuples(st.just("add"), _ROWS),
    st.tuples(st.just("remove"), st.lists(st.integers(1, 8), max_size=4)),
    st.tuples(st.just("show"), st.none()),
    st.tuples(st.just("commit"), st.none()),
    st.tuples(st.just("reopen"), st.none()),
)


@settings(max_examples=60, deadline=None)
@given(
    operations=st.lists(_OPERATION, max_size=10),
    query=_TEXT,
    hidden=st.frozensets(st.integers(1, 8), max_size=4),
    k=st.integers(0, 9),
)
def test_any_history_scores_like_a_fresh_index_of_what_is_visible(
    operations: list[tuple[str, object]],
    query: str,
    hidden: frozenset[int],
    k: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("lexical")
    index, truth = TantivyIndex(folder), {}
    for number, (kind, argument) in enumerate(operations, 1):
        if kind == "add":
            index.add(argument)
            truth.update(argument)
        elif kind == "remove":
            index.remove(argument)
            for identity in argument:
                truth.pop(identity, None)
        elif kind == "show":
            if number % 2:
                index.search(query, k, weights=WEIGHTS)  # remembers what it counted
            index.show(number)
            assert (len(index), index.seq) == (len(truth), number)
            shown = _fresh({i: row for i, row in truth.items() if i not in hidden})
            found = index.search(query, k, weights=WEIGHTS, without=hidden)
            assert found == shown.search(query, k, weights=WEIGHTS)
            assert index.ids().tolist() == sorted(truth)
            assert index.holds(index.ids())
        else:
            index.commit(number)
            assert index.ids().tolist() == sorted(truth)
            assert index.holds(index.ids())
            assert not index.holds(np.append(index.ids(), 99))
            if kind == "reopen":
                index.close()
                index = TantivyIndex(folder)
                assert index.seq == number
    index.commit()
    assert index.ids().tolist() == sorted(truth)
    assert len(index) == len(truth)
    expected = _fresh({i: row for i, row in truth.items() if i not in hidden})
    found = index.search(query, k, weights=WEIGHTS, without=hidden)
    assert found == expected.search(query, k, weights=WEIGHTS)
    index.close()


def test_the_score_is_bm25_of_the_visible_passages() -> None:
    index = _fresh({1: _row("disk full"), 2: _row("disk slow today again"), 3: _row("dns")})
    ((best, score), *_) = index.search("disk", 5, weights={"body": 1.0})
    assert best == 1
    # N = 3, in 2 of them, length 2 of 7/3 on average: computed by hand.
    assert score == pytest.approx(
        0.4700036 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / (7 / 3))), rel=1e-6
    )


def test_words_match_across_case_number_and_identifiers() -> None:
    index = _fresh({1: _row("KubePodCrashLooping"), 2: _row("the pods restarted"), 3: _row("dns")})
    assert {i for i, _ in index.search("pod restarts", 5, weights=WEIGHTS)} == {1, 2}
    assert [i for i, _ in index.search("kubepodcrashlooping", 5, weights=WEIGHTS)] == [1]


def test_a_field_without_weight_is_not_looked_at() -> None:
    index = _fresh({1: _row("", title="disk"), 2: _row("disk")})
    assert [i for i, _ in index.search("disk", 5, weights={"body": 1.0})] == [2]
    with pytest.raises(ValueError, match="unknown field"):
        index.search("disk", 5, weights={"colour": 1.0})


@pytest.mark.parametrize(
    "text", ["", "  ", "nothing of it", "body:disk AND (", "id:1 *", "\x00", "<num>"]
)
def test_text_from_outside_is_words_and_never_a_query_language(text: str) -> None:
    index = _fresh({1: _row("memory pressure")})
    assert index.search(text, 5, weights=WEIGHTS) == []


def test_ties_are_ordered_by_id() -> None:
    index = _fresh({i: _row("disk full") for i in (5, 3, 9, 1)})
    assert [i for i, _ in index.search("disk", 3, weights=WEIGHTS)] == [1, 3, 5]


def test_words_too_common_to_be_looked_for_still_count_in_every_score() -> None:
    rows = {i: _row("pod restarts" if i % 2 else "pod") for i in range(1, 9)}
    rows[9] = _row("pod needle restarts")
    whole, bounded = TantivyIndex(None), TantivyIndex(None, looked_through=7)
    for index in (whole, bounded):
        index.add(rows)
        index.commit()
    every = dict(whole.search("pod needle restarts", 9, weights=WEIGHTS))
    found = dict(bounded.search("pod needle restarts", 9, weights=WEIGHTS))
    assert sorted(found) == [1, 3, 5, 7, 9], "six are looked through; pod is in nine more"
    assert found == {i: every[i] for i in found}
    hidden = frozenset({1, 3, 5, 7})
    left = bounded.search("pod restarts", 9, weights=WEIGHTS, without=hidden)
    assert {i for i, _ in left} == {2, 4, 6, 8, 9}, "what is hidden makes no word common"


def test_a_query_of_very_many_words_is_answered() -> None:
    index = _fresh({1: _row(" ".join(f"word{i}" for i in range(3000))), 2: _row("needle")})
    text = " ".join(f"word{i}" for i in range(3000)) + " needle"
    assert {i for i, _ in index.search(text, 5, weights=WEIGHTS)} == {1, 2}


def test_uncommitted_changes_are_neither_found_nor_kept(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    index.add({1: _row("disk")})
    index.commit(4)
    index.add({2: _row("disk")})
    index.remove([1])
    assert [i for i, _ in index.search("disk", 5, weights=WEIGHTS)] == [1]
    index.close()
    again = TantivyIndex(tmp_path)
    assert (again.ids().tolist(), again.seq) == ([1], 4)
    again.close()


def test_shown_changes_are_found_at_once_and_kept_by_the_next_commit(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    index.add({1: _row("disk"), 2: _row("disk full")})
    index.commit(4)
    index.add({3: _row("disk lag")})
    index.remove([1])
    index.show(5)
    assert {i for i, _ in index.search("disk", 5, weights=WEIGHTS)} == {2, 3}
    index.close()
    again = TantivyIndex(tmp_path)
    assert (again.ids().tolist(), again.seq) == ([1, 2], 4)
    again.add({3: _row("disk lag")})
    again.remove([1])
    again.show(5)
    again.commit(5)
    again.close()
    third = TantivyIndex(tmp_path)
    assert (third.ids().tolist(), third.seq) == ([2, 3], 5)
    third.close()


def test_what_a_word_is_worth_is_counted_with_what_was_shown() -> None:
    index = _fresh({i: _row("disk full" if i % 2 else "dns lag") for i in range(1, 9)})
    index.add({1: _row("lag"), 20: _row("disk disk")})
    index.remove([3])
    index.show(1)
    rows = {i: _row("disk full" if i % 2 else "dns lag") for i in (2, 4, 5, 6, 7, 8)}
    expected = _fresh({**rows, 1: _row("lag"), 20: _row("disk disk")})
    for text in ("disk", "lag full", "dns"):
        found = index.search(text, 9, weights=WEIGHTS)
        assert found == expected.search(text, 9, weights=WEIGHTS)


def test_many_shown_changes_are_committed(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    for number in range(1, 302):
        index.add({number: _row(f"disk {number}")})
        index.show(number)
    assert len(index.search("disk", 400, weights=WEIGHTS)) == 301
    index.close()
    again = TantivyIndex(tmp_path)
    assert again.seq == 201
    assert len(again) == 201
    again.close()


def test_a_segment_that_is_being_written_is_no_damage(tmp_path: Path) -> None:
    """tantivy merges in a thread of its own; its unfinished files are no part of a commit."""
    index = TantivyIndex(tmp_path)
    unfinished = tmp_path / "segments" / f"{'0' * 32}.store"
    unfinished.write_bytes(b"half")
    index.add({1: _row("disk")})
    index.commit(1)
    unfinished.write_bytes(b"half and the other half")
    index.close()
    again = TantivyIndex(tmp_path)
    assert (len(again), again.seq) == (1, 1)
    again.close()


def test_what_a_word_is_worth_is_counted_anew_after_a_commit() -> None:
    index = _fresh({i: _row("disk full" if i % 2 else "dns lag") for i in range(1, 9)})
    hidden = frozenset({1, 2})
    index.search("disk", 5, weights=WEIGHTS, without=hidden)  # remembers what it counted
    index.add({1: _row("lag"), 20: _row("disk disk")})
    index.remove([3])
    index.commit()
    rows = {i: _row("disk full" if i % 2 else "dns lag") for i in range(4, 9)}
    expected = _fresh({**rows, 20: _row("disk disk")})
    for text in ("disk", "lag full", "dns"):
        found = index.search(text, 9, weights=WEIGHTS, without=hidden)
        assert found == expected.search(text, 9, weights=WEIGHTS)


_KILLED = """
import os, sys
from pathlib import Path
from knowledge.index.lexical import TantivyIndex
index = TantivyIndex(Path(sys.argv[1]))
index.add({1: {"body": "disk full"}})
index.commit(3)
index.add({2: {"body": "disk slow"}})
os.kill(os.getpid(), 9)
"""


def test_a_commit_survives_a_kill_and_the_folder_opens_again(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], timeout=60, check=False)
    assert done.returncode == -9
    index = TantivyIndex(tmp_path)
    assert (index.ids().tolist(), index.seq) == ([1], 3)
    index.add({3: _row("disk")})
    index.commit(5)
    assert index.ids().tolist() == [1, 3]
    index.close()


def _saved(folder: Path) -> Path:
    index = TantivyIndex(folder)
    index.add({i: _row(f"disk {i}") for i in range(50)})
    index.commit(1)
    index.close()
    return folder / "segments"


def test_texts_are_kept_in_small_blocks_and_an_index_with_larger_ones_is_read(
    tmp_path: Path,
) -> None:
    contents = _saved(tmp_path / "new") / "meta.json"
    told = json.loads(contents.read_bytes())
    assert told["index_settings"]["docstore_blocksize"] == 4096
    contents = _saved(tmp_path / "old") / "meta.json"
    told = json.loads(contents.read_bytes())
    told["index_settings"]["docstore_blocksize"] = 16_384
    contents.write_text(json.dumps(told))
    index = TantivyIndex(tmp_path / "old")
    index.add({60: _row("disk 60")})
    index.commit(2)
    assert len(index.search("disk", 99, weights=WEIGHTS)) == 51
    index.close()


def test_a_cut_segment_file_is_damage(tmp_path: Path) -> None:
    segments = _saved(tmp_path)
    for path in sorted(segments.iterdir()):
        if path.suffix in ("", ".lock") or path.name in ("meta.json", ".managed.json"):
            continue
        whole = path.read_bytes()
        for length in {0, len(whole) // 2, len(whole) - 1}:
            path.write_bytes(whole[:length])
            with pytest.raises(IndexDamaged):
                TantivyIndex(tmp_path)
        path.write_bytes(whole)
    TantivyIndex(tmp_path).close()


@pytest.mark.parametrize("content", [b"", b"{", b"\x80\x04pickle"])
@pytest.mark.parametrize("name", ["segments/meta.json", "manifest.json"])
def test_a_broken_table_of_contents_is_damage(name: str, content: bytes, tmp_path: Path) -> None:
    _saved(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(IndexDamaged):
        TantivyIndex(tmp_path)


def test_lost_segments_are_damage(tmp_path: Path) -> None:
    segments = _saved(tmp_path)
    for path in segments.iterdir():
        path.unlink()
    segments.rmdir()
    with pytest.raises(IndexDamaged, match="lost"):
        TantivyIndex(tmp_path)
