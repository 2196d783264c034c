"""Long work in a process of its own, at low priority: the service beside it stays quick."""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from knowledge.errors import KnowledgeError

_NICE = 10
_DONE = "done"

Progress = Callable[[str, int, int], None]
"""Called with the stage, how much is done, and of how much."""


class ChildFailed(KnowledgeError):
    """The work ended with an error; its text is the reason."""


def run_in_child(
    work: Callable[..., None],
    *arguments: Any,
    progress: Progress | None = None,
    errors: tuple[type[Exception], ...] = (),
) -> None:
    """Call `work(*arguments, progress=...)` elsewhere; it must be a function of a module.

    ChildFailed when it raises a KnowledgeError, one of `errors`, a ValueError, OSError or
    RuntimeError, with its text; or when the process dies.
    """
    context = multiprocessing.get_context("spawn")
    mine, its = context.Pipe(duplex=False)
    child = context.Process(target=_run, args=(work, arguments, errors, its), daemon=True)
    child.start()
    its.close()
    reason = "it ended without a word"
    try:
        while True:
            told = mine.recv()
            if told == _DONE:
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
        raise ChildFailed(reason)


def _run(
    work: Callable[..., None],
    arguments: tuple[Any, ...],
    errors: tuple[type[Exception], ...],
    pipe: Connection,
) -> None:
    os.nice(_NICE)
    expected: tuple[type[Exception], ...] = (KnowledgeError, ValueError, OSError, RuntimeError)
    try:
        work(*arguments, progress=lambda stage, done, total: pipe.send((stage, done, total)))
    except expected + errors as error:
        pipe.send(str(error) or type(error).__name__)
    else:
        pipe.send(_DONE)
    finally:
        pipe.close()
