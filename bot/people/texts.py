"""The port to all texts that are kept of incidents."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol


class Texts(Protocol):
    """All texts of incidents that the database keeps, to be rewritten or emptied."""

    def rewrite(self, change: Callable[[str], str], *, dry_run: bool) -> Mapping[str, int]:
        """Put every text through `change`; how many rows of which kind that changed."""
        ...

    def drop_choices(self, keys: Sequence[str], *, dry_run: bool) -> int:
        """Delete what people of these actor keys (TEAM/USER) chose for themselves, and their
        sessions at the console; how many rows."""
        ...

    def empty_before(self, before: datetime, limit: int) -> int:
        """Empty what people wrote in incidents that ended before then, and what their alerts
        said, at most `limit` rows of each; how many rows. When what happened stays known."""
        ...
