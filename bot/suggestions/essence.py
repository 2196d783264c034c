"""The essence of a long log: what matters in it, in the log's own lines and order. Pure."""

from collections.abc import Iterable, Iterator

from knowledge.text.logs import lines_in, read_log, what_matters

MOST_MATTERS = 100
_SHARE_OF_MATTER = 0.8
"""Of the room; the rest shows how the log begins and ends."""


def essence(log: str, room: int) -> str:
    """`log`, or so many of its lines that at most `room` characters are kept.

    Kept first are stack traces, errors and what is rare, then the first and the last line of
    every kind of line, then the log's beginning and end.
    """
    if len(log) <= room:
        return log
    lines = list(lines_in(log))
    kept: set[int] = set()
    left = _keep(kept, lines, _telling(log), int(room * _SHARE_OF_MATTER))
    left += room - int(room * _SHARE_OF_MATTER)
    _keep(kept, lines, _from_both_ends(len(lines)), left)
    return "\n".join(lines[number - 1] for number in sorted(kept))


def _telling(log: str) -> Iterator[int]:
    """Numbers of lines from 1, the most important first."""
    digest = read_log(log)
    for one in what_matters(digest, most=MOST_MATTERS):
        yield from range(one.first_line, one.first_line + one.example.count("\n") + 1)
    for template in digest.templates:
        yield from (template.first_line, template.last_line)


def _from_both_ends(count: int) -> Iterator[int]:
    for number in range(1, count // 2 + 1):
        yield from (number, count + 1 - number)


def _keep(kept: set[int], lines: list[str], wanted: Iterable[int], room: int) -> int:
    """Adds lines while there is room for them; gives the room that is left."""
    for number in wanted:
        if number in kept or not 1 <= number <= len(lines):
            continue
        size = len(lines[number - 1]) + 1
        if size > room:
            continue
        kept.add(number)
        room -= size
    return room
