from datetime import UTC, datetime, timedelta

from knowledge.embed.hashing import HashingEmbedder
from knowledge.embed.port import Vectors
from knowledge.learn.examples import pairs_of_history
from knowledge.learn.gate import judge, split
from knowledge.model import Document
from tests.support.memory_knowledge import case, page

START = datetime(2026, 1, 1, tzinfo=UTC)
PAGES = [page("a", "Alpha", "alpha words here"), page("b", "Beta", "beta words there")]


class Blind(HashingEmbedder):
    """Every text is the same to it."""

    def embed(self, texts):  # type: ignore[no-untyped-def]
        vectors: Vectors = super().embed(["the same"] * len(texts))
        return vectors


def history(cases: int) -> list[Document]:
    return [
        *PAGES,
        *(
            case(
                f"INC-{number}",
                "It fails",
                ("alpha" if number % 2 else "beta") + f" words {number}",
                runbook="a" if number % 2 else "b",
                started_at=START + timedelta(days=number),
            )
            for number in range(cases)
        ),
    ]


def test_the_newest_quarter_judges() -> None:
    known, held_out = split(pairs_of_history(history(40)))
    assert (len(known), len(held_out)) == (30, 10)
    assert max(str(one.started_at) for one, _ in known) < str(held_out[0][0].started_at)


def test_the_same_model_gains_nothing() -> None:
    documents = history(12)
    cases = pairs_of_history(documents)
    verdict = judge(cases, documents, HashingEmbedder(256), HashingEmbedder(256))
    assert verdict.gain.value == 0.0
    assert not verdict.passed
    assert verdict.after == 1.0


def test_a_worse_model_does_not_pass_and_says_so() -> None:
    documents = history(12)
    verdict = judge(pairs_of_history(documents), documents, HashingEmbedder(256), Blind(256))
    assert not verdict.passed
    assert "held-out cases" in verdict.words
