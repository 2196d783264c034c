"""The DraftRepository port."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from bot.drafts.model import Draft, DraftKind, DraftState


class DraftRepository(Protocol):
    def add(self, draft: Draft) -> Draft:
        """The draft with its id."""
        ...

    def get(self, draft_id: int) -> Draft | None: ...

    def waiting(
        self, kind: DraftKind | None = None, subject: str | None = None, *, limit: int = 100
    ) -> Sequence[Draft]:
        """Those that nobody has decided on, oldest first."""
        ...

    def accepted(
        self, kind: DraftKind, subject: str | None = None, *, limit: int = 100
    ) -> Sequence[Draft]:
        """Those that somebody accepted, the newest first."""
        ...

    def about(self, kind: DraftKind, subject: str, *, limit: int = 100) -> Sequence[Draft]:
        """Those about one subject in any state, the newest first."""
        ...

    def of_kind(self, kind: DraftKind, *, limit: int = 100) -> Sequence[Draft]:
        """Those of one kind in any state, the newest first."""
        ...

    def edit(self, draft_id: int, content: dict[str, Any]) -> bool:
        """Change a waiting draft; False when it is not waiting any more."""
        ...

    def decide(self, draft_id: int, state: DraftState, *, actor: str, now: datetime) -> bool:
        """Compare-and-set from waiting; False when somebody was quicker."""
        ...

    def withdraw(self, draft_id: int, *, actor: str, now: datetime) -> bool:
        """Compare-and-set from accepted to rejected; False when it is not accepted."""
        ...
