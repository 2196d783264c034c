"""Signing in to the console: one-time links and sessions. Only hashes of their secrets are kept."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.people.model import Actor, Role

BY, OIDC = "by", "oidc"
SESSION_HOURS = 12
LINK_MINUTES = 15


class PassKind(StrEnum):
    """LINK opens a session once; STARTED is a sign-in that went to the identity provider."""

    SESSION = "session"
    LINK = "link"
    STARTED = "started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What a secret stands for. `name` is for reading; `guard` is what forms of a session carry
    against requests from other sites; `data` is what a started sign-in must remember, and of a
    session, under BY, how it was opened."""

    kind: PassKind
    actor: Actor
    name: str
    role: Role
    guard: str
    made_at: datetime
    expires_at: datetime
    data: Mapping[str, str] = field(default_factory=dict)


class PassRepository(Protocol):
    """Passes by the hash of their secret (see `digest_of`)."""

    def keep(self, digest: str, given: Pass) -> None: ...

    def find(self, digest: str, kind: PassKind, now: datetime) -> Pass | None:
        """None when there is none of that kind, or it is past its time."""
        ...

    def use_up(self, digest: str, kind: PassKind, now: datetime) -> Pass | None:
        """Take it out; of several callers at once only one gets it."""
        ...

    def purge(self, now: datetime) -> int:
        """Take out what is past its time; how many."""
        ...


def new_secret() -> str:
    """256 bits, fit for a URL and a cookie."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What is kept of a secret. It is random and long: a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()


def a_link(actor: Actor, name: str, role: Role, now: datetime) -> Pass:
    return _pass(PassKind.LINK, actor, name, role, now, timedelta(minutes=LINK_MINUTES))


def a_session(actor: Actor, name: str, role: Role, now: datetime, *, by: str = "") -> Pass:
    """`by` is OIDC where the identity provider vouches for who it is."""
    lasts = timedelta(hours=SESSION_HOURS)
    return _pass(PassKind.SESSION, actor, name, role, now, lasts, {BY: by})


def _pass(
    kind: PassKind,
    actor: Actor,
    name: str,
    role: Role,
    now: datetime,
    lasts: timedelta,
    data: Mapping[str, str] | None = None,
) -> Pass:
    return Pass(
        kind=kind,
        actor=actor,
        name=name,
        role=role,
        guard=new_secret(),
        made_at=now,
        expires_at=now + lasts,
        data=data or {},
    )
