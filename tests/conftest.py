"""What all tests share: one real model a session, and no way out but loopback."""

from collections.abc import Iterator

import pytest

from knowledge.embed.port import Embedder


@pytest.fixture(scope="session")
def real_embedder() -> Iterator[Embedder]:
    """The bundled model, loaded once; tests that use it are in the xdist group "model"."""
    from knowledge.embed.batching import BatchingEmbedder
    from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder

    embedder = BatchingEmbedder(SentenceTransformerEmbedder.load())
    yield embedder
    embedder.close()
