"""The real model: what its vectors are, and what is said when it cannot be had."""

from pathlib import Path

import numpy as np
import pytest

from knowledge.embed.adapter import joint_digest, shipped
from knowledge.embed.model_files import BUNDLED_SHA256, preferred_dtype
from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder
from knowledge.errors import ModelError

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder.load()


def test_the_generation_names_model_pooling_and_window(
    embedder: SentenceTransformerEmbedder,
) -> None:
    generation = embedder.generation
    assert generation.model_digest == joint_digest(BUNDLED_SHA256, shipped())
    plain = SentenceTransformerEmbedder.load(adapter=None).generation
    assert plain.model_digest == BUNDLED_SHA256
    assert plain.name != generation.name
    assert (generation.pooling, generation.max_length, generation.dimension) == ("mean", 256, 384)
    assert generation.dtype == preferred_dtype()


def test_vectors_are_unit_float32_in_the_order_of_the_texts(
    embedder: SentenceTransformerEmbedder,
) -> None:
    texts = ["a rather long text about a disk that is full " * 4, "dns", "the disk has no space"]
    vectors = embedder.embed(texts)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[1] + 0.2
    for text, vector in zip(texts, vectors, strict=True):
        assert embedder.embed([text])[0] @ vector > 0.999


def test_no_texts_give_no_rows(embedder: SentenceTransformerEmbedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_empty_endless_and_broken_texts_are_embedded(
    embedder: SentenceTransformerEmbedder,
) -> None:
    assert embedder.embed(["", "x" * 2_000_000, "\ud800 lone", "\x00"]).shape == (4, 384)


def test_float32_gives_nearly_the_same_vectors(embedder: SentenceTransformerEmbedder) -> None:
    plain = SentenceTransformerEmbedder.load(dtype="float32")
    texts = ["checkout returns 503", "replication lag on the primary"]
    assert (plain.embed(texts) * embedder.embed(texts)).sum(axis=1).min() > 0.999
    assert plain.generation == embedder.generation


def test_an_unknown_number_type_is_refused() -> None:
    with pytest.raises(ModelError, match="float64"):
        SentenceTransformerEmbedder.load(dtype="float64")


def test_damaged_weights_are_a_model_error(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "model.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(ModelError, match="cannot be loaded"):
        SentenceTransformerEmbedder.load(str(tmp_path))


def test_a_hub_name_that_is_not_here_says_what_to_do_when_offline(
    embedder: SentenceTransformerEmbedder,
) -> None:
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE"):
        SentenceTransformerEmbedder.load("nobody/no-such-model-here")


def test_a_name_that_can_be_no_model_is_refused(embedder: SentenceTransformerEmbedder) -> None:
    with pytest.raises(ModelError, match="neither a folder"):
        SentenceTransformerEmbedder.load("/no/such/folder")
