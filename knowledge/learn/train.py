"""Train an adapter from examples: each question must be nearer to its answers than to the others
of its batch (multiple negatives ranking, Henderson et al. 2017)."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from knowledge.embed.adapter import FACTS, FORMAT
from knowledge.embed.model_files import bundled_folder, check_bundled
from knowledge.learn.examples import Example, by_group

Progress = Callable[[str, int, int], None]
"""Called with what is going on ("reading", "training"), how much is done, and of how much."""


States = dict[str, Any]
"""What the unchanged lower layers make of a text, by text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to train. `layers` is how many of the top ones are changed; `max_length` cuts texts
    while training (word pieces); `scale` sharpens cosines into probabilities."""

    epochs: int = 3
    batch: int = 48
    rate: float = 8e-4
    rank: int = 16
    layers: int = 2
    max_length: int = 72
    scale: float = 20.0
    seed: int = 0


def train(
    examples: Sequence[Example],
    target: Path,
    *,
    options: Options | None = None,
    facts: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    states: States | None = None,
) -> None:
    """Train on the bundled model and write the adapter to `target`.

    The same examples, options, libraries and kind of CPU give the same file. `facts` are kept
    in its metadata; `states` remembers work on texts from one training to
    the next. ValueError without examples; ModelError when the bundled model is missing.
    """
    if not examples:
        raise ValueError("there is nothing to train on")
    import torch
    from safetensors.torch import save_file
    from sentence_transformers import SentenceTransformer
    from torch.nn import functional

    from knowledge.learn.lora import UpperLayers, warmed_and_cooled

    chosen = options or Options()
    tell = progress or (lambda _stage, _done, _total: None)
    folder = bundled_folder()
    base = check_bundled(folder)
    torch.manual_seed(chosen.seed)
    dice = random.Random(chosen.seed)
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    upper = UpperLayers(model, layers=chosen.layers, rank=chosen.rank, max_length=chosen.max_length)
    texts = [one.question for one in examples]
    texts += [text for one in examples for text in one.positives]
    upper.remember(texts, lambda done, total: tell("reading", done, total))
    parameters = upper.begin()
    optimizer = torch.optim.AdamW(parameters, lr=chosen.rate, weight_decay=0.01)
    plan = [batch for _ in range(chosen.epochs) for batch in _epoch(examples, chosen, dice)]
    for step, batch in enumerate(plan):
        for group in optimizer.param_groups:
            group["lr"] = chosen.rate * warmed_and_cooled(step, len(plan))
        answers = [dice.choice(one.positives) for one in batch]
        cosines = upper.vectors([one.question for one in batch]) @ upper.vectors(answers).T
        also_right = torch.tensor(
            [
                [at != row and bool(one.answers & other.answers) for at, other in enumerate(batch)]
                for row, one in enumerate(batch)
            ]
        )
        loss = functional.cross_entropy(
            (chosen.scale * cosines).masked_fill(also_right, -1e4), torch.arange(len(batch))
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own has no types
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        tell("training", step + 1, len(plan))
    kept = {
        "format": FORMAT,
        "base": base,
        **{name: str(value) for name, value in asdict(chosen).items()},
        "examples": str(len(examples)),
        **(facts or {}),
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file(
        dict(upper.tensors()), str(target), metadata={FACTS: json.dumps(kept, sort_keys=True)}
    )


def _epoch(
    examples: Sequence[Example], options: Options, dice: random.Random
) -> list[list[Example]]:
    """Every example once, in batches of one group each: to tell pages of one team apart is what
    is wanted, and batches across teams are too easy."""
    batches = []
    for group in by_group(examples).values():
        shuffled = dice.sample(group, len(group))
        batches += [
            shuffled[start : start + options.batch]
            for start in range(0, len(shuffled), options.batch)
        ]
    dice.shuffle(batches)
    return batches
