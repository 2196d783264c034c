"""Personal tokens: how a program of somebody's asks for an action in that person's name.

A token is shown once and kept as a hash. It asks and withdraws; it never approves.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.people.model import Actor

PREFIX = "recall_pat_"
"""How every token begins, so that people, secret scanners and redaction know one."""
MOST_DAYS = 90
MOST_IN_FORCE = 20
"""Tokens of one person at a time."""
LONGEST_LABEL = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalToken:
    """What is known of a token but its secret. `actor` is the person; `name` is for reading;
    `made_by` is who made it: the person's key, or whoever did on the machine."""

    id: int
    actor: Actor
    name: str
    label: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str = ""

    @property
    def key(self) -> str:
        """What people call it."""
        return f"TOK-{self.id}"

    def why_not(self, now: datetime) -> str:
        """Why it counts no more, "" where it does."""
        if self.revoked_at is not None:
            return "it was revoked"
        return "it has expired" if now >= self.expires_at else ""

    def state(self, now: datetime) -> str:
        """`in force`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if now >= self.expires_at else "in force"


class TokenRepository(Protocol):
    """Personal tokens by the hash of their secret (see `bot.people.sessions.digest_of`)."""

    def keep(self, digest: str, token: PersonalToken) -> PersonalToken:
        """Gives it with its id."""
        ...

    def find(self, digest: str) -> PersonalToken | None:
        """In any state."""
        ...

    def get(self, token_id: int) -> PersonalToken | None:
        """In any state."""
        ...

    def of(self, actors: Collection[str]) -> Sequence[PersonalToken]:
        """Those of these actor keys, newest first, in any state."""
        ...

    def newest(self, limit: int) -> Sequence[PersonalToken]:
        """Everybody's, in any state."""
        ...

    def used(self, token_id: int, now: datetime) -> None: ...

    def revoke(self, token_id: int, by: str, now: datetime) -> bool:
        """False when it was revoked before, or there is none."""
        ...
