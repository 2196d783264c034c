"""Run the same thing in many threads, all starting at one moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def together(threads: int, do: Callable[[int], Result]) -> list[Result]:
    """`do(0)` to `do(threads - 1)`, each in its thread; results in that order. The first error
    of any of them is raised."""
    barrier = threading.Barrier(threads)

    def at_once(number: int) -> Result:
        barrier.wait(timeout=30)
        return do(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(at_once, range(threads)))
