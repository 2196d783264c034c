"""Micro-batching: merged calls, questions first, errors to their callers."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from knowledge.embed.batching import BULK_TEXTS, MOST_TEXTS, BatchingEmbedder
from knowledge.embed.hashing import HashingEmbedder
from knowledge.embed.port import Vectors
from knowledge.errors import ModelError
from knowledge.model import Generation


class GatedEmbedder:
    """Records its calls; each waits until the gate is open; "bad" texts raise."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.gate = threading.Event()
        self.entered = threading.Semaphore(0)
        self._inner = HashingEmbedder(16)

    @property
    def generation(self) -> Generation:
        return self._inner.generation

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(list(texts))
        self.entered.release()
        assert self.gate.wait(10)
        if "bad" in texts:
            raise ValueError("a bad text")
        return self._inner.embed(texts)


def test_each_caller_gets_the_vectors_of_its_own_texts() -> None:
    inner = HashingEmbedder(32)
    batching = BatchingEmbedder(inner)
    texts = [[f"text {i} {j}" for j in range(i % 5)] for i in range(40)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(batching.embed, texts))
    batching.close()
    for own, vectors in zip(texts, found, strict=True):
        assert vectors.shape == (len(own), 32)
        assert np.array_equal(vectors, inner.embed(own))


def test_questions_that_wait_together_are_embedded_in_one_call() -> None:
    inner = GatedEmbedder()
    batching = BatchingEmbedder(inner)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(batching.embed, ["first"])
        assert inner.entered.acquire(timeout=10)
        others = [pool.submit(batching.embed, [f"q{i}"]) for i in range(5)]
        _wait_until(lambda: len(batching._questions) == 5)
        inner.gate.set()
        for future in [first, *others]:
            assert future.result(10).shape == (1, 16)
    batching.close()
    assert [len(call) for call in inner.calls] == [1, 5]


def test_a_question_overtakes_bulk_work() -> None:
    inner = GatedEmbedder()
    batching = BatchingEmbedder(inner)
    with ThreadPoolExecutor(4) as pool:
        bulk = pool.submit(batching.bulk.embed, [f"bulk {i}" for i in range(3 * BULK_TEXTS)])
        assert inner.entered.acquire(timeout=10)
        question = pool.submit(batching.embed, ["question"])
        more = pool.submit(batching.embed_bulk, ["more bulk"])
        _wait_until(lambda: len(batching._questions) == 1 and len(batching._bulk) == 1)
        inner.gate.set()
        assert bulk.result(10).shape == (3 * BULK_TEXTS, 16)
        question.result(10)
        more.result(10)
    batching.close()
    assert inner.calls[1] == ["question"]
    assert max(map(len, inner.calls)) == BULK_TEXTS


def test_an_error_reaches_the_caller_it_belongs_to_and_nobody_else() -> None:
    inner = GatedEmbedder()
    batching = BatchingEmbedder(inner)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(batching.embed, ["first"])
        assert inner.entered.acquire(timeout=10)
        good, bad = pool.submit(batching.embed, ["good"]), pool.submit(batching.embed, ["bad"])
        _wait_until(lambda: len(batching._questions) == 2)
        inner.gate.set()
        assert first.result(10).shape == good.result(10).shape == (1, 16)
        with pytest.raises(ValueError, match="a bad text"):
            bad.result(10)
    assert batching.embed(["still alive"]).shape == (1, 16)
    batching.close()


def test_a_large_call_is_cut_to_batches() -> None:
    inner = GatedEmbedder()
    inner.gate.set()
    batching = BatchingEmbedder(inner)
    assert batching.embed([f"t{i}" for i in range(2 * MOST_TEXTS + 1)]).shape[0] == 129
    assert batching.embed([]).shape == (0, 16)
    batching.close()
    assert [len(call) for call in inner.calls] == [MOST_TEXTS, MOST_TEXTS, 1]


def test_close_finishes_what_was_accepted_and_refuses_the_rest() -> None:
    inner = GatedEmbedder()
    batching = BatchingEmbedder(inner)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(batching.embed, ["first"])
        assert inner.entered.acquire(timeout=10)
        second = pool.submit(batching.embed_bulk, ["second"])
        _wait_until(lambda: len(batching._bulk) == 1)
        closing = pool.submit(batching.close)
        inner.gate.set()
        closing.result(10)
        assert first.result(1).shape == second.result(1).shape == (1, 16)
    with pytest.raises(ModelError, match="closed"):
        batching.embed(["too late"])


def _wait_until(condition) -> None:  # type: ignore[no-untyped-def]
    pause = threading.Event()
    for _ in range(2000):
        if condition():
            return
        pause.wait(0.005)
    raise AssertionError("the condition never held")
