"""What all tests share: one real model a session, and no way out but loopback."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from knowledge.embed.port import Embedder

# The same examples every time, so that a change passes or fails by what it changed alone.
# `make soak` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

HERE = Path(__file__).parent
LONGEST_FIRST = ("browser", "processes", "scenario", "contract")
"""Folders and files whose tests take longest. `make test` gives each worker file after file in
this order; a long one that came last would keep one worker busy while the others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first; the tests of a file stay together and in their order."""

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(HERE).as_posix()
        starts = (at for at, start in enumerate(LONGEST_FIRST) if path.startswith(start))
        return next(starts, len(LONGEST_FIRST))

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """What was collected stays until the end; looking through it in every collection of garbage
    takes longer than many a test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def real_embedder() -> Iterator[Embedder]:
    """The bundled model, loaded once in each worker that comes to a test of it."""
    from knowledge.embed.batching import BatchingEmbedder
    from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder

    embedder = BatchingEmbedder(SentenceTransformerEmbedder.load())
    yield embedder
    embedder.close()
