"""Training in a process of its own, at low priority: the service beside it stays quick."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from knowledge.errors import ModelError
from knowledge.learn.examples import Example
from knowledge.learn.train import Options, train

_NICE = 10


def train_in_child(
    examples: Sequence[Example],
    target: Path,
    *,
    options: Options | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> None:
    """As `train`, elsewhere. ModelError when the child fails, with its reason."""
    context = multiprocessing.get_context("spawn")
    mine, its = context.Pipe(duplex=False)
    child = context.Process(target=_run, args=(list(examples), target, options, its), daemon=True)
    child.start()
    its.close()
    reason = "it ended without a word"
    try:
        while True:
            told = mine.recv()
            if told == "done":
                reason = ""
            elif isinstance(told, str):
                reason = told
            elif progress is not None:
                progress(*told)
    except EOFError:
        child.join()
    finally:
        child.terminate()
        child.join()
    if reason:
        raise ModelError(f"the training failed: {reason}")


def _run(
    examples: Sequence[Example], target: Path, options: Options | None, pipe: Connection
) -> None:
    os.nice(_NICE)
    try:
        train(
            examples,
            target,
            options=options,
            progress=lambda stage, done, total: pipe.send((stage, done, total)),
        )
    except (ModelError, ValueError, OSError, RuntimeError) as error:
        pipe.send(str(error) or type(error).__name__)
    else:
        pipe.send("done")
    finally:
        pipe.close()
