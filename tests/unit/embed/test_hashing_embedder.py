"""The hashing embedder: deterministic unit vectors for tests."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from knowledge.embed.hashing import HashingEmbedder


@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_texts_give_unit_vectors_of_the_stated_shape(texts: list[str]) -> None:
    vectors = HashingEmbedder(64).embed(texts)
    assert vectors.shape == (len(texts), 64)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_texts_that_share_words_are_nearer_than_others() -> None:
    disk, also_disk, dns = HashingEmbedder().embed(
        ["disk of the database is full", "the disk is full", "name resolution times out"]
    )
    assert disk @ also_disk > 0.5
    assert disk @ dns < 0.4


def test_two_embedders_of_one_dimension_agree_and_others_are_of_another_generation() -> None:
    one, two, other = HashingEmbedder(32), HashingEmbedder(32), HashingEmbedder(33)
    assert one.generation == two.generation
    assert one.generation != other.generation
    assert np.array_equal(one.embed(["a b"]), two.embed(["a b"]))
