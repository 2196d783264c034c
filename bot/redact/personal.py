"""Personal data that a team may have taken out as well: e-mail addresses and card numbers."""

import re

from bot.redact.scanned import ScannedRule

EMAILS = ScannedRule(
    name="e-mail",
    keywords=("@",),
    regex=r"(?<![\w.%+-])[A-Za-z0-9][\w.%+-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{0,252}"
    r"\.[A-Za-z]{2,24}(?![\w-])",
)
"""Addresses as people have them; `user@host` without a domain is a machine's."""

_CARD = re.compile(r"(?<![\w.+-])[2-6]\d(?:[ -]?\d){10,17}(?![\w-]|\.\d)")
_SHORTEST_CARD, _LONGEST_CARD = 12, 19
_NOT_A_DIGIT = re.compile(r"[ -]")


def without_cards(text: str, mark: str) -> str:
    """`text` with `mark` in place of payment card numbers: 12 to 19 digits of the known first
    digits, alone or in groups, whose check digit (Luhn, ISO/IEC 7812-1) is right."""
    return _CARD.sub(lambda found: mark if _is_card(found[0]) else found[0], text)


def _is_card(found: str) -> bool:
    digits = _NOT_A_DIGIT.sub("", found)
    if not _SHORTEST_CARD <= len(digits) <= _LONGEST_CARD or len(set(digits)) == 1:
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0
