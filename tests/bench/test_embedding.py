"""Texts a second of the product's embedder, beside plain SentenceTransformer in float32."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from knowledge.embed.model_files import bundled_folder
from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder
from knowledge.evaluate.filler import sentences
from tests.bench.measuring import Stopwatch, print_table

pytestmark = [pytest.mark.bench, pytest.mark.model]

_ROUNDS = 3
_FORMS = (("short (12 words)", 12, 512), ("long (200 words)", 200, 96))
_ALONE = 64
"""Texts that are embedded one by one."""


def test_texts_a_second_beside_the_plain_model() -> None:
    from sentence_transformers import SentenceTransformer

    product = SentenceTransformerEmbedder.load(adapter=None)  # as plain: the same weights
    plain = SentenceTransformer(str(bundled_folder()), device="cpu", local_files_only=True)
    rows = []
    for form, words, count in _FORMS:
        texts = sentences(count, words, seed=words)
        few = texts[:_ALONE]
        speeds = texts_a_second(
            {
                "all": (count, lambda texts=texts: product.embed(texts)),
                "plain all": (count, lambda texts=texts: plain_encode(plain, texts)),
                "alone": (_ALONE, lambda few=few: [product.embed([one]) for one in few]),
                "plain alone": (_ALONE, lambda few=few: [plain_encode(plain, one) for one in few]),
            }
        )
        for how, name in (("many at once", "all"), ("one by one", "alone")):
            own, other = speeds[name], speeds[f"plain {name}"]
            rows.append((f"{form}, {how}", own, other, own / other))
        agreement = (product.embed(few) * plain_encode(plain, few)).sum(axis=1)
        assert agreement.min() > 0.97, "both are the same model"
    print_table(
        f"Embedding: product ({product.generation.dtype}) and plain SentenceTransformer (float32)",
        ("texts", "product texts/s", "plain texts/s", "ratio"),
        rows,
        notes=[f"Best of {_ROUNDS} rounds that take turns, so that both meet the same machine."],
    )


def plain_encode(model: Any, texts: str | Sequence[str]) -> Any:
    """What anybody writes first: the library's defaults, normalised."""
    return model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


def texts_a_second(
    competitors: dict[str, tuple[int, Callable[[], object]]],
) -> dict[str, float]:
    """The best rate of each; they take turns, after one round that does not count."""
    best = dict.fromkeys(competitors, 0.0)
    for number in range(_ROUNDS + 1):
        for name, (count, embed) in competitors.items():
            with Stopwatch() as watch:
                embed()
            if number:
                best[name] = max(best[name], count / watch.seconds)
    return best
