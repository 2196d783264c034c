from pathlib import Path

import numpy as np
import pytest

from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder
from knowledge.learn.examples import Example
from knowledge.learn.train import Options, train

pytestmark = [pytest.mark.model]

EXAMPLES = [
    Example(question, (answer,), frozenset({answer}), "team")
    for question, answer in (
        ("flux capacitor misaligned", "Turn the blue knob until the needle rests."),
        ("warp core humming", "Replace the dilithium filter."),
        ("teapot overflow", "Close the valve behind the sink."),
        ("printer on fire", "Leave the room and call for help."),
    )
]
QUICK = Options(epochs=3, batch=4, rate=2e-3, rank=4, layers=1, max_length=32)


def gap(embedder: SentenceTransformerEmbedder) -> float:
    """How much nearer a question is to its answer than to the others, on average."""
    asked = embedder.embed([one.question for one in EXAMPLES])
    said = embedder.embed([one.positives[0] for one in EXAMPLES])
    cosines = asked @ said.T
    own = float(np.trace(cosines)) / len(EXAMPLES)
    return own - float(cosines.sum() - np.trace(cosines)) / (len(EXAMPLES) * (len(EXAMPLES) - 1))


def test_training_brings_questions_nearer_to_their_answers_the_same_every_time(
    tmp_path: Path,
) -> None:
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    train(EXAMPLES, one, options=QUICK)
    train(EXAMPLES, two, options=QUICK)
    assert one.read_bytes() == two.read_bytes()
    plain = SentenceTransformerEmbedder.load(adapter=None, dtype="float32")
    adapted = SentenceTransformerEmbedder.load(adapter=one, dtype="float32")
    assert gap(adapted) > gap(plain) + 0.005
    assert adapted.generation != plain.generation


def test_nothing_to_train_on_is_said() -> None:
    with pytest.raises(ValueError, match="nothing to train on"):
        train([], Path("never"))
