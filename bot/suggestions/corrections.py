"""What people said about a case for an incident, and what it does to the next search. Pure.

A word binds the incident that it was said about at once. It reaches the other incidents of the
alert's family only when a lead said it, or two persons did who are not outnumbered: one person
who clicks all day changes nobody else's answers. Every word can be revoked.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.alerts.family import family_of
from knowledge.model import Query

AGREED = 2
"""Persons who must say the same before their word reaches other incidents."""

NO_HELP = 1.0
"""How much an agreed "not helpful" counts."""

A_WRONG_STEP = 0.5
"""How much an agreed wrong step counts: the page is about the problem, and misleads."""


class Word(StrEnum):
    """What a person says: SAME and NOT_SAME are constraints; the others only weigh.

    USED, WRONG_STEP and MISSING_STEP are said of runbooks. A page that lacks a step is the right
    one all the same; one with a wrong step is a worse one until it is mended.
    """

    SAME = "same"
    NOT_SAME = "not_same"
    HELPFUL = "helpful"
    NOT_HELPFUL = "not_helpful"
    USED = "used"
    WRONG_STEP = "wrong_step"
    MISSING_STEP = "missing_step"

    @property
    def is_constraint(self) -> bool:
        return self in (Word.SAME, Word.NOT_SAME)

    @property
    def is_for(self) -> bool:
        return self in (Word.SAME, Word.HELPFUL, Word.USED, Word.MISSING_STEP)

    @property
    def is_of_a_step(self) -> bool:
        return self in (Word.WRONG_STEP, Word.MISSING_STEP)


_AGAINST: Mapping[Word | None, float] = {
    Word.NOT_HELPFUL: NO_HELP,
    Word.WRONG_STEP: A_WRONG_STEP,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One person's word on one document for one incident.

    A later constraint replaces a constraint, and a later weight a weight.

    `family` is the key of the incident's AlertFamily, "" when its alert has no name. `is_lead`
    is what the person was when it was said. `id` is the database's, 0 before it is stored.
    """

    team_id: str
    actor: str
    is_lead: bool
    incident_id: int
    family: str
    document_id: str
    word: Word
    at: datetime
    id: int = 0
    revoked_at: datetime | None = None
    revoked_by: str | None = None


class CorrectionRepository(Protocol):
    def say(self, correction: Correction) -> bool:
        """Keep it in place of the person's earlier constraint or weight on the same incident and
        document; False when that was this very word, not revoked."""
        ...

    def in_force(self, incident_id: int | None, family: str) -> Sequence[Correction]:
        """What was said about the incident or its family and is not revoked, oldest first."""
        ...

    def list(self, limit: int, incident_id: int | None = None) -> Sequence[Correction]:
        """Newest first, revoked ones too."""
        ...

    def revoke(self, correction_id: int, *, actor: str, now: datetime) -> Correction | None:
        """Take it back; None when there is none of that id that is still in force."""
        ...


def family_key(query: Query) -> str:
    """The family that a query's alert belongs to, "" when it names none."""
    return named_family(query.alert_name, query.service, query.environment)


def named_family(name: str | None, service: str | None, environment: str | None) -> str:
    """The key of the family of an alert, "" for one without a name."""
    return family_of(name, service, environment).key if name else ""


def corrected(query: Query, incident_id: int | None, said: Iterable[Correction]) -> Query:
    """The query as people's words have it; `said` as `in_force` gives it."""
    words: dict[str, list[Correction]] = defaultdict(list)
    for one in said:
        words[one.document_id].append(one)
    linked, excluded = set(query.linked), set(query.excluded)
    unhelpful = dict(query.unhelpful)
    for document_id, about in words.items():
        word = _holds(about, incident_id)
        if word is Word.SAME:
            linked.add(document_id)
        elif word is Word.NOT_SAME:
            excluded.add(document_id)
        elif word in _AGAINST:
            unhelpful[document_id] = _AGAINST[word]
    return replace(
        query, linked=frozenset(linked), excluded=frozenset(excluded), unhelpful=unhelpful
    )


def _holds(about: Sequence[Correction], incident_id: int | None) -> Word | None:
    """The word on one document that counts for an incident: constraints before weights, and of
    each the incident's own before the agreed one."""
    own = _latest(one for one in about if one.incident_id == incident_id)
    agreed = _agreed(about)
    told = [word for word in (own, agreed) if word is not None]
    return next((word for word in told if word.is_constraint), told[0] if told else None)


def _latest(said: Iterable[Correction]) -> Word | None:
    """The last constraint, else the last weight."""
    latest = max(said, key=lambda one: (one.word.is_constraint, one.at, one.id), default=None)
    return latest.word if latest is not None else None


def _agreed(about: Sequence[Correction]) -> Word | None:
    """The word that holds for the whole family, each person counted once by the last word.

    A weight that only says more mildly what the person said before changes nothing.
    """
    last: dict[str, Correction] = {}
    for one in sorted(about, key=lambda each: (each.at, each.id)):
        before = last.get(one.actor)
        if before is None or one.word.is_constraint or one.word.is_for is not before.word.is_for:
            last[one.actor] = one
    leads = [one for one in last.values() if one.is_lead]
    if leads:
        return _latest(leads)
    return next((word for word in Word if _is_agreed(word, last)), None)


def _is_agreed(word: Word, last: Mapping[str, Correction]) -> bool:
    speakers = sum(one.word is word for one in last.values())
    against = sum(one.word.is_for is not word.is_for for one in last.values())
    return speakers >= AGREED and speakers > against
