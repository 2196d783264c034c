"""What every vector index must do; the exact index is the truth."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.embed.port import Vectors
from knowledge.errors import IndexDamaged
from knowledge.index.exact import ExactIndex
from knowledge.index.flat import FlatIndex
from knowledge.index.growing import GrowingIndex, Growth, Sizes

DIMENSION = 8
SMALL = Sizes(flat_most=4, relearn_at=1.5)


class Growing(GrowingIndex):
    """Changes its kind within the few passages of a test."""

    def __init__(self, dimension: int, sizes: Sizes | None = None) -> None:
        super().__init__(dimension, sizes or SMALL)


class Lists(Growing):
    """Inverted lists from the first passage on."""

    def __init__(self, dimension: int, sizes: Sizes | None = None) -> None:
        super().__init__(dimension, sizes)
        sample = np.random.default_rng(5).normal(size=(40, dimension)).astype(np.float32)
        self.prepare(9, lambda most: sample[:most])


BACKENDS = {"exact": ExactIndex, "flat": FlatIndex, "growing": Growing, "lists": Lists}
STORED_AS = {"exact": "exact", "flat": "flat", "growing": "flat", "lists": "ivf"}
READS = {"exact": {"exact"}, "flat": {"flat"}}
"""The kinds of file that an index reads; the others change their kind and read both."""

TOLERANCE = {"growing": 1e-3, "lists": 1e-3}
"""Lists score with vectors at half precision."""

backends = pytest.mark.parametrize("name", sorted(BACKENDS))


def _vectors(seeds: Sequence[int]) -> Vectors:
    rows = np.stack([np.random.default_rng(seed).normal(size=DIMENSION) for seed in seeds])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


_IDS = st.lists(st.integers(1, 12), min_size=1, max_size=6)
_OPERATION = st.one_of(
    st.tuples(st.just("add"), _IDS, st.integers(0, 5)),
    st.tuples(st.just("remove"), _IDS, st.just(0)),
    st.tuples(
        st.just("search"), st.frozensets(st.integers(1, 12), max_size=12), st.integers(0, 14)
    ),
    st.tuples(st.just("reload"), st.just([1]), st.just(0)),
    st.tuples(st.sampled_from(["grow", "adopt", "give up"]), st.just([1]), st.just(0)),
)


@backends
@settings(max_examples=120, deadline=None)
@given(operations=st.lists(_OPERATION, max_size=25))
def test_any_history_gives_the_answers_of_the_exact_index(
    name: str,
    operations: list[tuple[str, list[int], int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    backend = BACKENDS[name]
    index, truth = backend(DIMENSION), {}
    growth: Growth | None = None
    for kind, ids, number in operations:
        if kind == "add":
            # Few distinct vectors, so that ties are the rule and not the exception.
            vectors = _vectors([(identity + number) % 4 for identity in ids])
            index.add(ids, vectors)
            truth.update(zip(ids, vectors, strict=True))
        elif kind == "remove":
            index.remove(ids)
            for identity in ids:
                truth.pop(identity, None)
        elif kind == "reload":
            folder = tmp_path_factory.mktemp("index")
            index.save(folder, seq=7)
            index, growth = backend.load(folder, DIMENSION), None
            assert index.seq == 7
        elif kind in ("grow", "adopt", "give up"):
            if isinstance(index, GrowingIndex):
                growth = _grown(index, growth, kind)
        else:
            hidden = frozenset(ids)
            seen = {identity: row for identity, row in truth.items() if identity not in hidden}
            expected = ExactIndex(DIMENSION)
            if seen:
                expected.add(list(seen), np.stack(list(seen.values())))
            queries = _vectors([0, 9])
            for found, wanted in zip(
                index.search(queries, number, without=hidden),
                expected.search(queries, number),
                strict=True,
            ):
                assert [identity for identity, _ in found] == [identity for identity, _ in wanted]
                assert np.allclose(
                    [s for _, s in found], [s for _, s in wanted], atol=TOLERANCE.get(name, 1e-5)
                )
        assert len(index) == len(truth)
        assert index.ids().tolist() == sorted(truth)


def _grown(index: GrowingIndex, growth: Growth | None, kind: str) -> Growth | None:
    """Begin to change the index's kind where it wants to, or end what was begun."""
    if kind == "grow":
        return index.grow(index.ids()) if growth is None and index.is_overdue else growth
    if growth is not None:
        growth.run(lambda: kind == "give up")
        index.adopt(growth)
    return None


def test_an_index_that_outgrew_its_kind_changes_it_while_it_is_used() -> None:
    index = Growing(DIMENSION)
    index.add(range(1, 11), _vectors(range(10)))
    assert (index.kind, index.is_overdue) == ("flat", True)
    growth = index.grow(index.ids())
    assert not index.is_overdue  # one at a time
    index.remove([3])
    index.add([11, 4], _vectors([11, 44]))
    growth.run()
    assert [i for i, _ in index.search(_vectors([11]), 1)[0]] == [11]  # meanwhile, as ever
    index.adopt(growth)
    assert (index.kind, index.is_overdue) == ("ivf", False)
    assert index.ids().tolist() == [1, 2, 4, 5, 6, 7, 8, 9, 10, 11]
    assert [i for i, _ in index.search(_vectors([44]), 1)[0]] == [4]
    index.add(range(20, 30), _vectors(range(20, 30)))
    assert index.is_overdue


def test_lists_learn_from_public_passages_alone() -> None:
    """Else which passages are compared would tell of those that a reader may not see."""
    answers = []
    for hidden in ([0.0] * 7 + [1.0], [1.0] + [0.0] * 7):
        index = Growing(DIMENSION)
        index.add(range(1, 31), _vectors(range(30)))
        index.add(range(31, 41), np.tile(np.float32([hidden]), (10, 1)))
        growth = index.grow(np.arange(1, 31))
        growth.run()
        index.adopt(growth)
        without = frozenset(range(31, 41))
        answers.append([index.search(_vectors([at]), 3, without=without) for at in range(60, 90)])
    assert answers[0] == answers[1]


def test_an_index_of_hidden_passages_alone_learns_no_lists() -> None:
    index = Growing(DIMENSION)
    index.add(range(1, 11), _vectors(range(10)))
    assert index.grow(np.empty(0, dtype=np.int64)) is None
    assert [i for i, _ in index.search(_vectors([3]), 1)[0]] == [4]
    index.add([11], _vectors([11]))
    assert index.kind == "flat"


def test_lists_that_few_public_passages_taught_are_not_learnt_again_at_each_load(
    tmp_path: Path,
) -> None:
    index = Growing(DIMENSION)
    index.add(range(1, 41), _vectors(range(40)))
    growth = index.grow(np.array([1, 2]))
    assert growth is not None
    growth.run()
    index.adopt(growth)
    index.save(tmp_path)
    assert not Growing.load(tmp_path, DIMENSION).is_overdue


@pytest.mark.parametrize("changed", [2, 200])
def test_lists_are_written_anew_only_when_much_changed(
    changed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.index.ivf._CHANGED_MOST", 50)
    index = Lists(DIMENSION)
    index.add(range(1, 301), _vectors(range(300)))
    index.save(tmp_path, 1)
    (large,) = tmp_path.glob("ivf-codes-*")
    index = Lists.load(tmp_path, DIMENSION)
    index.add(range(1000, 1000 + changed), _vectors(range(1000, 1000 + changed)))
    index.remove([7])
    index.save(tmp_path, 2)
    assert large.exists() == (changed == 2)
    again = Lists.load(tmp_path, DIMENSION)
    assert again.seq == 2
    assert again.holds(index.ids())
    assert again.search(_vectors([1001]), 5) == index.search(_vectors([1001]), 5)


@backends
def test_ties_are_ordered_by_id_also_where_the_answer_is_cut(name: str) -> None:
    index = BACKENDS[name](DIMENSION)
    ids = [9, 3, 7, 1, 5]
    index.add(ids, _vectors([1] * 5))
    assert [identity for identity, _ in index.search(_vectors([1]), 3)[0]] == [1, 3, 5]


@backends
def test_wrong_shapes_are_refused_and_change_nothing(name: str) -> None:
    index = BACKENDS[name](DIMENSION)
    with pytest.raises(ValueError, match="shape"):
        index.add([1, 2], _vectors([1]))
    with pytest.raises(ValueError, match="shape"):
        index.add([1], np.zeros((1, DIMENSION + 1), dtype=np.float32))
    with pytest.raises(ValueError, match="shape"):
        index.search(np.zeros((1, 3), dtype=np.float32), 1)
    assert len(index) == 0


@backends
def test_ids_of_the_size_of_a_database_key_are_kept(name: str) -> None:
    index = BACKENDS[name](DIMENSION)
    index.add([2**53 + 1], _vectors([1]))
    assert index.ids().tolist() == [2**53 + 1]


def _saved(name: str, folder: Path) -> list[Path]:
    index = BACKENDS[name](DIMENSION)
    index.add([1, 2, 3], _vectors([1, 2, 3]))
    index.save(folder)
    return sorted(folder.glob("*.bin"))


@backends
def test_a_file_cut_at_any_byte_is_damaged(name: str, tmp_path: Path) -> None:
    for blob in _saved(name, tmp_path):
        whole = blob.read_bytes()
        for length in range(0, len(whole), max(1, len(whole) // 60)):
            blob.write_bytes(whole[:length])
            with pytest.raises(IndexDamaged):
                BACKENDS[name].load(tmp_path, DIMENSION)
        blob.write_bytes(whole)
    BACKENDS[name].load(tmp_path, DIMENSION)


@backends
def test_a_changed_byte_is_damage(name: str, tmp_path: Path) -> None:
    for blob in _saved(name, tmp_path):
        whole = blob.read_bytes()
        blob.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(IndexDamaged, match="digest"):
            BACKENDS[name].load(tmp_path, DIMENSION)
        blob.write_bytes(whole)


class _Sentinel:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (_fire, ("a pickle was loaded",))


def _fire(message: str) -> None:
    raise AssertionError(message)


@backends
def test_a_pickle_in_the_place_of_the_file_is_never_run(name: str, tmp_path: Path) -> None:
    import hashlib

    manifest, data = tmp_path / "manifest.json", pickle.dumps(_Sentinel())
    digest = hashlib.sha256(data).hexdigest()
    for blob in _saved(name, tmp_path):
        whole, told = blob.read_bytes(), manifest.read_text()
        blob.write_bytes(data)
        manifest.write_text(told.replace(hashlib.sha256(whole).hexdigest(), digest))
        with pytest.raises(IndexDamaged):
            BACKENDS[name].load(tmp_path, DIMENSION)
        blob.write_bytes(whole)
        manifest.write_text(told)


_PARTS = b'{"kind": "ivf", "parts": {"codes": {"file": "../x", "sha256": "y"}}}'


@backends
@pytest.mark.parametrize(
    "content", [None, b"", b"{", b"[]", b"{}", b'{"file": "../x"}', b"\xff", _PARTS]
)
def test_a_missing_or_foreign_manifest_is_damage(
    name: str, content: bytes | None, tmp_path: Path
) -> None:
    _saved(name, tmp_path)
    manifest = tmp_path / "manifest.json"
    if content is None:
        manifest.unlink()
    else:
        manifest.write_bytes(content)
    with pytest.raises(IndexDamaged):
        BACKENDS[name].load(tmp_path, DIMENSION)


@backends
def test_an_index_of_another_dimension_or_backend_is_refused(name: str, tmp_path: Path) -> None:
    _saved(name, tmp_path)
    with pytest.raises(IndexDamaged):
        BACKENDS[name].load(tmp_path, DIMENSION + 1)
    for other, backend in BACKENDS.items():
        if STORED_AS[name] not in READS.get(other, {"flat", "ivf"}):
            with pytest.raises(IndexDamaged):
                backend.load(tmp_path, DIMENSION)


@backends
def test_saving_again_leaves_no_old_file(name: str, tmp_path: Path) -> None:
    files = len(_saved(name, tmp_path))
    index = BACKENDS[name].load(tmp_path, DIMENSION)
    index.add([4], _vectors([4]))
    index.save(tmp_path)
    assert len(list(tmp_path.iterdir())) == files + 1
    assert BACKENDS[name].load(tmp_path, DIMENSION).ids().tolist() == [1, 2, 3, 4]
