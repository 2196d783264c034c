"""The SuggestionRepository port: suggestions with receipts, feedback, and button tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.suggestions.model import Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSuggestion:
    suggestion: Suggestion
    incident_id: int | None
    asked_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonToken:
    """What a pressed button stands for; the button itself carries only `token`."""

    token: str
    team_id: str
    action: str
    suggestion_id: str
    incident_id: int | None
    past_incident_id: str | None
    message_key: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One person's word on one suggestion; a later word of the same person replaces it."""

    team_id: str
    actor: str
    suggestion_id: str
    incident_id: int | None
    verdict: str
    past_incident_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The short of one suggestion: for which incident (None: somebody asked), whether it was
    an answer, and the team's own runbooks that it cites."""

    suggestion_id: str
    incident_id: int | None
    at: datetime
    answered: bool
    runbooks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """An answer that cited a page of the team's own, and the incident it was for, if any."""

    suggestion_id: str
    incident_id: int | None
    at: datetime


class SuggestionRepository(Protocol):
    def add(self, stored: StoredSuggestion) -> None: ...

    def get(self, suggestion_id: str) -> StoredSuggestion | None: ...

    def latest_of(self, incident_id: int) -> StoredSuggestion | None: ...

    def list(self, limit: int) -> Sequence[StoredSuggestion]:
        """Newest first."""
        ...

    def add_buttons(self, buttons: Sequence[ButtonToken]) -> None: ...

    def button(self, token: str) -> ButtonToken | None: ...

    def record_feedback(self, feedback: Feedback) -> bool:
        """Keep it; False when the same person had already said exactly this."""
        ...

    def feedback_on(self, suggestion_id: str) -> Sequence[Feedback]: ...

    def feedback_on_incidents(self, incident_ids: Sequence[int]) -> Sequence[Feedback]:
        """Every word on answers that belong to these incidents, oldest first."""
        ...

    def outcomes_since(
        self, at: datetime, limit: int = 5_000, until: datetime | None = None
    ) -> Sequence[Outcome]:
        """The short of what was found from `at` on, and before `until`, newest first."""
        ...

    def uses_of(self, document_id: str, since: datetime, limit: int) -> Sequence[Use]:
        """The answers from `since` on that cited the page, newest first."""
        ...

    def feedback_since(self, at: datetime, until: datetime | None = None) -> Sequence[Feedback]:
        """Words said from `at` on, and before `until`, oldest first."""
        ...
