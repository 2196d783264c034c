"""What all tests share: one real model a session, and no way out but loopback."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from knowledge.embed.port import Embedder

# The same examples every time, so that a change passes or fails by what it changed alone.
# `make soak` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(scope="session")
def real_embedder() -> Iterator[Embedder]:
    """The bundled model, loaded once; tests that use it are in the xdist group "model"."""
    from knowledge.embed.batching import BatchingEmbedder
    from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder

    embedder = BatchingEmbedder(SentenceTransformerEmbedder.load())
    yield embedder
    embedder.close()
