"""How each program of the demo speaks to whoever started it, and ends with it."""

import sys


def wait_for_the_end() -> None:
    """Until standard input is closed, which the system does when the process that holds its
    other side is gone."""
    while sys.stdin.readline():
        pass


def say(line: str) -> None:
    """One line to whoever started it, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
