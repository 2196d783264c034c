"""What every vector index must do; the exact index is the truth."""

import json
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.embed.port import Vectors
from knowledge.errors import IndexDamaged
from knowledge.index.backends import VECTOR_BACKENDS
from knowledge.index.exact import ExactIndex

DIMENSION = 8
backends = pytest.mark.parametrize("name", sorted(VECTOR_BACKENDS))


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
)


@backends
@settings(max_examples=120, deadline=None)
@given(operations=st.lists(_OPERATION, max_size=25))
def test_any_history_gives_the_answers_of_the_exact_index(
    name: str,
    operations: list[tuple[str, list[int], int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    backend = VECTOR_BACKENDS[name]
    index, truth = backend(DIMENSION), {}
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
            index = backend.load(folder, DIMENSION)
            assert index.seq == 7
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
                assert np.allclose([s for _, s in found], [s for _, s in wanted], atol=1e-5)
        assert len(index) == len(truth)
        assert index.ids() == frozenset(truth)


@backends
def test_ties_are_ordered_by_id_also_where_the_answer_is_cut(name: str) -> None:
    index = VECTOR_BACKENDS[name](DIMENSION)
    ids = [9, 3, 7, 1, 5]
    index.add(ids, _vectors([1] * 5))
    assert [identity for identity, _ in index.search(_vectors([1]), 3)[0]] == [1, 3, 5]


@backends
def test_wrong_shapes_are_refused_and_change_nothing(name: str) -> None:
    index = VECTOR_BACKENDS[name](DIMENSION)
    with pytest.raises(ValueError, match="shape"):
        index.add([1, 2], _vectors([1]))
    with pytest.raises(ValueError, match="shape"):
        index.add([1], np.zeros((1, DIMENSION + 1), dtype=np.float32))
    with pytest.raises(ValueError, match="shape"):
        index.search(np.zeros((1, 3), dtype=np.float32), 1)
    assert len(index) == 0


@backends
def test_ids_of_the_size_of_a_database_key_are_kept(name: str) -> None:
    index = VECTOR_BACKENDS[name](DIMENSION)
    index.add([2**53 + 1], _vectors([1]))
    assert index.ids() == {2**53 + 1}


def _saved(name: str, folder: Path) -> Path:
    index = VECTOR_BACKENDS[name](DIMENSION)
    index.add([1, 2, 3], _vectors([1, 2, 3]))
    index.save(folder)
    (blob,) = folder.glob("*.bin")
    return blob


@backends
def test_a_file_cut_at_any_byte_is_damaged(name: str, tmp_path: Path) -> None:
    blob = _saved(name, tmp_path)
    whole = blob.read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 60)):
        blob.write_bytes(whole[:length])
        with pytest.raises(IndexDamaged):
            VECTOR_BACKENDS[name].load(tmp_path, DIMENSION)


@backends
def test_a_changed_byte_is_damage(name: str, tmp_path: Path) -> None:
    blob = _saved(name, tmp_path)
    data = bytearray(blob.read_bytes())
    data[-1] ^= 1
    blob.write_bytes(bytes(data))
    with pytest.raises(IndexDamaged, match="digest"):
        VECTOR_BACKENDS[name].load(tmp_path, DIMENSION)


class _Sentinel:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (_fire, ("a pickle was loaded",))


def _fire(message: str) -> None:
    raise AssertionError(message)


@backends
def test_a_pickle_in_the_place_of_the_file_is_never_run(name: str, tmp_path: Path) -> None:
    import hashlib

    blob = _saved(name, tmp_path)
    data = pickle.dumps(_Sentinel())
    blob.write_bytes(data)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["sha256"] = hashlib.sha256(data).hexdigest()
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(IndexDamaged):
        VECTOR_BACKENDS[name].load(tmp_path, DIMENSION)


@backends
@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"{}", b'{"file": "../x"}', b"\xff"])
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
        VECTOR_BACKENDS[name].load(tmp_path, DIMENSION)


@backends
def test_an_index_of_another_dimension_or_backend_is_refused(name: str, tmp_path: Path) -> None:
    _saved(name, tmp_path)
    with pytest.raises(IndexDamaged):
        VECTOR_BACKENDS[name].load(tmp_path, DIMENSION + 1)
    for other in set(VECTOR_BACKENDS) - {name}:
        with pytest.raises(IndexDamaged):
            VECTOR_BACKENDS[other].load(tmp_path, DIMENSION)


@backends
def test_saving_again_leaves_one_file(name: str, tmp_path: Path) -> None:
    _saved(name, tmp_path)
    index = VECTOR_BACKENDS[name].load(tmp_path, DIMENSION)
    index.add([4], _vectors([4]))
    index.save(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    assert VECTOR_BACKENDS[name].load(tmp_path, DIMENSION).ids() == {1, 2, 3, 4}
