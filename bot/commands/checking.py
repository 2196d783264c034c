"""What a form's words must be like, told next to the field they stand in. Pure."""

from collections.abc import Iterable

from bot.chat.forms import Answers, text_of
from bot.commands.model import FieldErrors

LONGEST_TEXT = 3_000
"""Characters of one answer; as many as a platform's field takes."""


class Mistakes:
    """Gathers what is wrong with a form's answers; the first word on a field stands."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._errors: dict[str, str] = {}

    def add(self, field: str, sentence: str) -> None:
        self._errors.setdefault(field, sentence)

    def required(self, field: str, sentence: str) -> None:
        """`sentence` where the field has nothing but blanks."""
        if not text_of(self._answers, field):
            self.add(field, sentence)

    def lengths(self, fields: Iterable[str], limit: int = LONGEST_TEXT) -> None:
        """Every field that is longer than `limit` is told by how much."""
        for field in fields:
            over = len(text_of(self._answers, field)) - limit
            if over > 0:
                self.add(field, f"This is {over:,} characters longer than the {limit:,} that fit.")

    def raise_any(self) -> None:
        if self._errors:
            raise FieldErrors(self._errors)
