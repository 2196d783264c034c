"""Training in a process of its own."""

from collections.abc import Sequence
from pathlib import Path

from knowledge.child import ChildFailed, Progress, run_in_child
from knowledge.errors import ModelError
from knowledge.learn.examples import Example
from knowledge.learn.train import Options, train


def train_in_child(
    examples: Sequence[Example],
    target: Path,
    *,
    options: Options | None = None,
    progress: Progress | None = None,
) -> None:
    """As `train`, elsewhere. ModelError when the child fails, with its reason."""
    try:
        run_in_child(_train, list(examples), target, options, progress=progress)
    except ChildFailed as error:
        raise ModelError(f"the training failed: {error}") from error


def _train(
    examples: Sequence[Example], target: Path, options: Options | None, *, progress: Progress
) -> None:
    train(examples, target, options=options, progress=progress)
