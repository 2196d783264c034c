"""Making, listing and revoking personal tokens: by the person, and by an administrator."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.errors import DataError
from bot.people.model import Actor
from bot.people.same import SamePeople
from bot.people.sessions import digest_of, new_secret
from bot.people.sign_on import OWN_TEAMS
from bot.people.tokens import (
    LONGEST_LABEL,
    MOST_DAYS,
    MOST_IN_FORCE,
    PREFIX,
    PersonalToken,
)
from bot.uow import UnitOfWorkFactory

_MOST_LISTED = 1_000
NOBODY_KNOWN = (
    "nobody knows who you are in the chat, so what a token asks for would be asked by nobody: "
    "RECALL_SAME_PEOPLE or RECALL_OIDC_ACTOR_CLAIM says who you are there"
)


class TokenDesk:
    """The use case behind `recall token` and the console's page of tokens."""

    def __init__(self, units: UnitOfWorkFactory, same: SamePeople, clock: Clock) -> None:
        self._units = units
        self._same = same
        self._clock = clock

    def why_not_make(self, actor: Actor) -> str:
        """Why somebody can have no token, "" where they can. Who asks must be a person of the
        chat, or two people could be one."""
        if actor.team_id not in OWN_TEAMS or self._same.is_linked(actor.key, OWN_TEAMS):
            return ""
        return NOBODY_KNOWN

    def make(
        self, actor: Actor, name: str, label: str, days: int, *, by: str
    ) -> tuple[str, PersonalToken]:
        """(the secret, which is kept nowhere, and what is known of it). Raises DataError."""
        label = " ".join(label.split())
        if not label:
            raise DataError("say what the token is for, in a few words")
        if len(label) > LONGEST_LABEL:
            raise DataError(f"what it is for takes at most {LONGEST_LABEL} characters")
        if not 1 <= days <= MOST_DAYS:
            raise DataError(f"a token lasts from 1 to {MOST_DAYS} days")
        if why_not := self.why_not_make(actor):
            raise DataError(why_not)
        now = self._clock.now()
        secret = f"{PREFIX}{new_secret()}"
        with self._units.begin() as uow:
            there = [one for one in uow.tokens.of([actor.key]) if not one.why_not(now)]
            if len(there) >= MOST_IN_FORCE:
                raise DataError(f"{actor.key} has {len(there)} tokens in force; revoke one first")
            token = uow.tokens.keep(
                digest_of(secret),
                PersonalToken(
                    id=0,
                    actor=actor,
                    name=name,
                    label=label,
                    made_by=by,
                    made_at=now,
                    expires_at=now + timedelta(days=days),
                ),
            )
            uow.audit.append(
                at=now,
                actor=by,
                action="token.made",
                subject=token.key,
                data={
                    "of": actor.key,
                    "label": label,
                    "expires_at": token.expires_at.isoformat(),
                },
            )
        return secret, token

    def own(self, actor: Actor) -> Sequence[PersonalToken]:
        """Those of one person under this identity, newest first."""
        with self._units.read() as uow:
            return uow.tokens.of([actor.key])

    def all(self) -> Sequence[PersonalToken]:
        """Everybody's, newest first."""
        with self._units.read() as uow:
            return uow.tokens.newest(_MOST_LISTED)

    def revoke(self, token_id: int, *, by: str, only_of: Actor | None = None) -> PersonalToken:
        """It counts no more from now on, on every replica. `only_of` is who revokes their own;
        None is an administrator. Raises DataError."""
        now = self._clock.now()
        with self._units.begin() as uow:
            token = uow.tokens.get(token_id)
            if token is None or (only_of is not None and token.actor != only_of):
                raise DataError(f"there is no token TOK-{token_id}")
            if not uow.tokens.revoke(token_id, by, now):
                raise DataError(f"{token.key} was revoked before")
            uow.audit.append(
                at=now,
                actor=by,
                action="token.revoked",
                subject=token.key,
                data={"of": token.actor.key, "label": token.label},
            )
        return token


def days_left(token: PersonalToken, now: datetime) -> int:
    """Whole days until it expires, 0 where it has."""
    return max(0, (token.expires_at - now).days)
