"""Forgetting a person: names, ids and addresses out of what is kept of incidents.

The audit record stays as it is: its chain is made over every word of it, and it says who did what
by key. Runbooks stay too: they are the team's own pages, and are only told of.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.clock import Clock
from bot.errors import DataError
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.model import PastIncident, Runbook
from knowledge.text.passages import passages_of

REMOVED = "[removed]"
_SHORTEST = 3
_KEY = re.compile(r"[A-Z0-9]+/[A-Z0-9]+")
_HANDLE = re.compile(r"[A-Z0-9]{3,}")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What forgetting came to, or would. `rows` are by kind; `runbooks` the ids of pages that
    name the person, which a lead must edit; `audit` how many events of the record do."""

    rows: Mapping[str, int]
    runbooks: tuple[str, ...]
    audit: int
    pseudonym: str

    @property
    def total(self) -> int:
        return sum(self.rows.values())


class Person:
    """Who is to be forgotten: actor keys (TEAM/USER), user ids, addresses and names.

    `change` takes them out of a text. A key becomes a key of nobody (`stand_in`), so that what
    was said by two persons still was; everything else becomes "[removed]". Words are taken
    whole and in any case, so that "Ann" is not found in "planning".
    """

    def __init__(self, known_as: Sequence[str], stand_in: str) -> None:
        names = [" ".join(one.split()) for one in known_as if one.strip()]
        if not names:
            raise DataError("say who is to be forgotten: TEAM/USER, an e-mail address, a name")
        for name in names:
            if len(name) < _SHORTEST:
                raise DataError(f"{name!r} is too short: too many words would be taken for it")
        self.keys = tuple(name for name in names if _KEY.fullmatch(name))
        self._stand_in = stand_in
        ids = {key.partition("/")[2] for key in self.keys}
        ids |= {name for name in names if _HANDLE.fullmatch(name)}
        words = [name for name in names if name not in self.keys and name not in ids]
        self._exact = _any_of(self.keys)
        self._mention = re.compile(
            rf"<?@({'|'.join(map(re.escape, sorted(ids)))})(\|[^>\s]*)?>?(?!\w)" if ids else r"(?!)"
        )
        self._words = _any_of(words, re.IGNORECASE)

    def change(self, text: str) -> str:
        text = self._exact.sub(self._stand_in, text)
        text = self._mention.sub(REMOVED, text)
        return self._words.sub(REMOVED, text)

    def is_in(self, text: str) -> bool:
        return self.change(text) != text


def _any_of(names: Sequence[str], flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    if not names:
        return re.compile(r"(?!)")
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    spaced = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in longest_first)
    return re.compile(rf"(?<![\w/])(?:{spaced})(?![\w/])", flags)


def forget(
    units: UnitOfWorkFactory,
    clock: Clock,
    known_as: Sequence[str],
    *,
    actor: str,
    dry_run: bool,
) -> Forgotten:
    """Take a person out, in one transaction; with `dry_run` only count. DataError when `known_as`
    names nobody."""
    stand_in = f"FORGOTTEN/{secrets.token_hex(4).upper()}"
    person = Person(known_as, stand_in)
    opened = units.read() if dry_run else units.begin()
    with opened as uow:
        now = clock.now()
        incidents, pages = _documents(uow, person, now=now, actor=actor, dry_run=dry_run)
        rows = dict(uow.texts.rewrite(person.change, dry_run=dry_run))
        rows["past incidents"] = incidents
        rows["preferences and sessions"] = uow.texts.drop_choices(person.keys, dry_run=dry_run)
        found = Forgotten(
            {kind: count for kind, count in sorted(rows.items()) if count},
            pages,
            _audited(uow, person),
            stand_in,
        )
        if not dry_run and found.total:
            uow.audit.append(
                at=now,
                actor=actor,
                action="person.forgotten",
                subject=stand_in,
                data={"rows": dict(found.rows)},
            )
    return found


def _documents(
    uow: UnitOfWork, person: Person, *, now: datetime, actor: str, dry_run: bool
) -> tuple[int, tuple[str, ...]]:
    changed, pages = 0, []
    for document in uow.knowledge.everything():
        if isinstance(document, Runbook):
            if person.is_in(f"{document.owner}\n{document.title}\n{document.body}"):
                pages.append(document.id)
            continue
        new = _without(document, person.change)
        if new == document:
            continue
        changed += 1
        if not dry_run:
            uow.knowledge.upsert([(new, passages_of(new))], actor=actor, now=now)
    return changed, tuple(pages)


def _without(incident: PastIncident, change: Callable[[str], str]) -> PastIncident:
    return replace(
        incident,
        title=change(incident.title),
        symptom=change(incident.symptom),
        cause=change(incident.cause),
        resolution=change(incident.resolution),
        logs=tuple(map(change, incident.logs)),
        neighbours=tuple(map(change, incident.neighbours)),
        changes=tuple(map(change, incident.changes)),
        tags=tuple(map(change, incident.tags)),
        labels={key: change(value) for key, value in incident.labels.items()},
        confirmed_by=change(incident.confirmed_by),
    )


def _audited(uow: UnitOfWork, person: Person) -> int:
    found, after = 0, 0
    while events := uow.audit.list(after):
        after = events[-1].seq
        found += sum(
            person.is_in(f"{one.actor}\n{one.subject}\n{dict(one.data)}") for one in events
        )
    return found
