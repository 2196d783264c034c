"""How often personal tokens may be used. Each replica counts its own."""

from dataclasses import dataclass, field
from datetime import timedelta

from bot.web.console.attempts import Attempts

MOST_A_MINUTE = 60
"""So many questions and requests a minute and token."""
MINUTE = timedelta(minutes=1)
MOST_WRONG = 10
WRONG_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class TokenBounds:
    """`used` counts by token, `wrong` by the address that shows wrong ones."""

    used: Attempts = field(default_factory=lambda: Attempts(most=MOST_A_MINUTE, within=MINUTE))
    wrong: Attempts = field(default_factory=lambda: Attempts(most=MOST_WRONG, within=WRONG_WITHIN))
