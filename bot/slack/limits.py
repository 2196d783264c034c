"""Slack's limits, all in one place, and how text is cut so that it stays inside them.

Sources: the Block Kit reference and the chat.postMessage and chat.update pages. `TOTAL` stands
well under an undocumented limit near 13,200 characters a message, which Slack answers with
msg_blocks_too_long although every block fits by itself.
"""

from collections.abc import Callable, Sequence
from typing import Any

Block = dict[str, Any]

BLOCKS = 50
TOTAL = 11_000
FALLBACK = 300
SECTION = 3_000
HEADER = 150
CONTEXT_ELEMENTS = 10
BUTTONS = 25
BUTTON_TEXT = 75
BUTTON_VALUE = 2_000
ACTION_ID = 255
URL = 700

ELLIPSIS = "…"


def clip(text: str, limit: int, measure: Callable[[str], int] = len) -> str:
    """`text`, or its longest beginning that ends with a word and, with "…", measures at most
    `limit`. `measure` tells the length in the form that is sent (escaped, converted)."""
    if measure(text) <= limit:
        return text
    low, high = 0, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle] + ELLIPSIS) <= limit:
            low = middle
        else:
            high = middle - 1
    while low > 0 and measure(text[:low] + ELLIPSIS) > limit:
        low -= 1
    beginning = text[:low]
    if not text[low : low + 1].isspace():
        # A very long word is cut inside: losing all of it would tell less.
        beginning = _up_to_last_space(beginning, at_least=low // 2)
    shown = beginning.rstrip()
    while shown and measure(shown + ELLIPSIS) > limit:
        # A conversion may grow when its end is cut off; a character less is always there.
        shown = shown[:-1]
    return shown + ELLIPSIS if measure(shown + ELLIPSIS) <= limit else ""


def _up_to_last_space(text: str, at_least: int) -> str:
    for position in range(len(text) - 1, at_least - 1, -1):
        if text[position].isspace():
            return text[:position]
    return text


def characters(value: Any) -> int:
    """How many characters of text a block, or a list of them, carries."""
    if isinstance(value, dict):
        own = value.get("text")
        rest = sum(characters(item) for key, item in value.items() if key != "text")
        return rest + (len(own) if isinstance(own, str) else characters(own))
    if isinstance(value, list):
        return sum(characters(item) for item in value)
    return 0


def settle(parts: Sequence[tuple[int, Block]]) -> list[Block]:
    """The blocks of `parts` (rank, block) in order, without the least important ones when
    there are too many or they say too much. Rank 0 is never left out."""
    kept = list(parts)
    while len(kept) > BLOCKS or characters([block for _, block in kept]) > TOTAL:
        worst = max(rank for rank, _ in kept)
        if worst == 0:
            break
        last = max(number for number, (rank, _) in enumerate(kept) if rank == worst)
        del kept[last]
    return [block for _, block in kept]
