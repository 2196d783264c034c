"""How boards are drawn: a title, lines under headings, and nothing that takes over a phone."""

from collections.abc import Iterator
from itertools import count

from bot.chat.messages import Board, BoardLine, BoardPart
from bot.slack.escape import Safe, join, link, person, words
from bot.slack.limits import SECTION, Block
from bot.slack.pieces import context, header, opener_button, section
from bot.slack.suggestion_blocks import Part

_TEXT, _DETAIL = 400, 300
_PEOPLE = 5


def board_parts(board: Board) -> Iterator[Part]:
    """Blocks with their ranks: the last parts are left out first where there is too much."""
    yield 0, header(board.title)
    people = join([person(user) for user in board.people[:_PEOPLE]], " ")
    if people:
        yield 0, section(people)
    openers = count()
    for number, part in enumerate(board.parts, start=1):
        for block in _part(part, openers):
            yield number, block
    note = words(board.note, 600)
    if note:
        yield 0, context(note)


def _part(part: BoardPart, openers: Iterator[int]) -> Iterator[Block]:
    """Lines in as few sections as hold them; a line with a button has one of its own."""
    waiting: list[Safe] = []
    room = SECTION
    if part.heading:
        waiting.append(Safe(f"*{words(part.heading, 120)}*"))
        room -= len(waiting[0])
    for line in part.lines:
        drawn = _line(line)
        if line.opener is not None or len(drawn) + 1 > room:
            if waiting:
                yield section(join(waiting, "\n"))
            waiting, room = [], SECTION
        if line.opener is not None:
            yield {**section(drawn), "accessory": opener_button(line.opener, next(openers))}
            continue
        waiting.append(drawn)
        room -= len(drawn) + 1
    if waiting:
        yield section(join(waiting, "\n"))


def _line(line: BoardLine) -> Safe:
    said = link(line.url, line.text, _TEXT) if line.url else words(line.text, _TEXT)
    detail = words(line.detail, _DETAIL)
    return Safe(f"• {said} — {detail}" if detail else f"• {said}")
