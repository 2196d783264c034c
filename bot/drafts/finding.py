"""What the bot finds by itself and a lead decides on: quiet that would help, words that one person
alone said, pages that say the same. Once a day; nothing is proposed twice."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from bot.alerts.family import AlertFamily, family_of
from bot.alerts.model import Severity
from bot.clock import Clock
from bot.drafts.accepted_noise import HOLD_BACK
from bot.drafts.curation import record_on_draft
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.errors import Retryable
from bot.incidents.model import Incident
from bot.people.model import SYSTEM
from bot.suggestions.corrections import Correction, Word
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.curate.duplicates import duplicates
from knowledge.model import Runbook

_log = logging.getLogger(__name__)

MARK = "found:proposals"
EVERY = timedelta(days=1)
TICK_SECONDS = 900.0

LOOK_BACK = timedelta(days=28)
LEAST_TIMES = 10
"""Incidents of one kind of alert, all of which went by themselves, from which on it is noise."""
LONGEST = timedelta(minutes=15)
"""How long they may have lasted, in the middle of them."""
AGAIN_AFTER = timedelta(days=90)
"""How long after somebody decided the same is not proposed again."""

_GRAVE = (Severity.CRITICAL, Severity.HIGH)
_MOST_INCIDENTS = 2_000
_MOST_WORDS = 20_000
_MOST = 20
"""Proposals of one sort a day: a queue that is too long is not read."""

Pages = Callable[[], Sequence[Runbook]]
Tick = tuple[float, str, Callable[[], None]]


class Finding:
    """`pages` gives all runbooks in any state."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, pages: Pages) -> None:
        self._units = units
        self._clock = clock
        self._pages = pages

    def keep_up(self) -> int:
        """Look if a day has passed; how many proposals were made. Two replicas that look at once
        wait for each other, and the second finds nothing to do."""
        now = self._clock.now()
        with self._units.read() as uow:
            if not _is_due(uow, now):
                return 0
        pairs = duplicates(self._pages())
        with self._units.begin() as uow:
            if not _is_due(uow, now):
                return 0
            uow.marks.put(MARK, {"at": now.isoformat()}, now)
            made = [
                *_noise(uow, now),
                *_links(uow, now),
                *(
                    _draft(
                        DraftKind.DUPLICATE,
                        pair.other.id,
                        {
                            "problem": f"{pair.other.title} says nearly the same as "
                            f"{pair.page.title}: {pair.shared} of its {pair.of} lines.",
                            "other": pair.page.id,
                        },
                        now,
                    )
                    for pair in pairs
                    if not _was_proposed(uow, pair.other.id, pair.page.id)
                ),
            ]
            kept: Counter[DraftKind] = Counter()
            for draft in made:
                if kept[draft.kind] >= _MOST:
                    continue
                kept[draft.kind] += 1
                added = uow.drafts.add(draft)
                action = f"{added.kind.value}.proposed"
                record_on_draft(uow, action, added, actor=SYSTEM.key, now=now)
        return sum(kept.values())


def finding_tick(finding: Finding) -> Tick:
    """What the engine has to do every so many seconds."""

    def keep_up() -> None:
        try:
            finding.keep_up()
        except Retryable as error:
            _log.warning("proposals: %s; the next tick looks again", error)

    return (TICK_SECONDS, "finding", keep_up)


def _is_due(uow: UnitOfWork, now: datetime) -> bool:
    kept = uow.marks.get(MARK)
    return kept is None or now - datetime.fromisoformat(kept["at"]) >= EVERY


def _draft(kind: DraftKind, subject: str, content: dict[str, Any], now: datetime) -> Draft:
    return Draft(kind=kind, subject=subject, content=content, made_by=SYSTEM.key, made_at=now)


# --- quiet ---------------------------------------------------------------------------------------


def _noise(uow: UnitOfWork, now: datetime) -> list[Draft]:
    """A rule for each kind of alert that opened many incidents which nobody took on and which were
    soon over. Never for what is critical."""
    incidents = {
        one.id: one
        for one in uow.incidents.opened_since(now - LOOK_BACK, _MOST_INCIDENTS)
        if one.visibility.is_everyone
    }
    first: dict[int, str] = {}
    for firing in uow.incidents.firings(list(incidents)):
        if firing.alert:
            first.setdefault(firing.incident_id, firing.alert)
    taken = uow.incidents.acknowledged(list(incidents))
    by_family: dict[AlertFamily, list[Incident]] = defaultdict(list)
    names: dict[AlertFamily, str] = {}
    for number, alert in first.items():
        incident = incidents[number]
        family = family_of(alert, incident.service, incident.environment)
        names.setdefault(family, alert)
        by_family[family].append(incident)
    found = []
    for family, those in by_family.items():
        may_be_noise = (
            len(those) >= LEAST_TIMES
            and all(one.resolved_at is not None for one in those)
            and not any(one.id in taken for one in those)
            and not any(one.severity in _GRAVE for one in those)
        )
        if not may_be_noise or _was_decided(uow, DraftKind.NOISE_RULE, family.key, now):
            continue
        lasted = _fired_for(uow, those, now)
        if median(lasted) > LONGEST.total_seconds():
            continue
        newest = max(those, key=lambda one: one.id)
        minutes = max(1, round(median(lasted) / 60))
        content = {
            "alert": names[family],
            "service": newest.service,
            "environment": newest.environment,
            "what": HOLD_BACK,
            "seconds": int(LOOK_BACK.total_seconds()),
            "why": f"{len(those)} incidents in four weeks; nobody took one on, and each was over "
            f"by itself, mostly after {minutes} min.",
            "incident": newest.key,
            "by": "",
        }
        found.append(_draft(DraftKind.NOISE_RULE, family.key, content, now))
    return sorted(found, key=lambda draft: draft.subject)


def _fired_for(uow: UnitOfWork, those: Sequence[Incident], now: datetime) -> list[float]:
    """For how many seconds something fired in each of these, all of one service and environment:
    how long an incident is kept open afterwards, in case it comes back, is no length of it."""
    some = those[0]
    beats = uow.incidents.courses(some.service, some.environment, now - LOOK_BACK, _MOST_INCIDENTS)
    ended = {
        number: max((beat.at for beat in own if not beat.fires), default=None)
        for number, own in beats.items()
    }
    return [
        ((ended.get(one.id) or one.resolved_at or now) - one.opened_at).total_seconds()
        for one in those
    ]


def _was_decided(uow: UnitOfWork, kind: DraftKind, subject: str, now: datetime) -> bool:
    return any(
        one.state is DraftState.WAITING or now - one.made_at < AGAIN_AFTER
        for one in uow.drafts.about(kind, subject)
    )


# --- words that one person said ------------------------------------------------------------------


def _links(uow: UnitOfWork, now: datetime) -> list[Draft]:
    """Words that one person alone said, that would hold for all alerts of the kind if a lead
    agreed. What waits and is not so any more is closed."""
    said: dict[tuple[str, str], list[Correction]] = defaultdict(list)
    for one in uow.corrections.list(_MOST_WORDS):
        if one.revoked_at is None and one.family and one.word.is_constraint:
            said[one.family, one.document_id].append(one)
    open_words = {key: words[0] for key, words in said.items() if _is_alone(words)}
    for draft in uow.drafts.waiting(DraftKind.LEARNED_LINK, limit=1_000):
        word = open_words.get((draft.content["family"], draft.subject))
        if word is None or word.word.value != draft.content["word"]:
            uow.drafts.decide(draft.id, DraftState.REPLACED, actor=SYSTEM.key, now=now)
    found = []
    for (family, document_id), word in sorted(open_words.items()):
        incident = uow.incidents.get(word.incident_id)
        document = uow.knowledge.get(document_id)
        if incident is None or document is None or not incident.visibility.is_everyone:
            continue
        if not document.visibility.is_everyone or any(
            (one.content.get("family"), one.content.get("word")) == (family, word.word.value)
            for one in uow.drafts.about(DraftKind.LEARNED_LINK, document_id)
        ):
            continue
        is_it = "is the same as" if word.word is Word.SAME else "is not the same as"
        content = {
            "problem": f"{incident.key} {is_it} {document_id}: should it hold for every alert "
            "of this kind?",
            "title": document.title,
            "incident": incident.key,
            "family": family,
            "word": word.word.value,
            "said_by": word.actor,
        }
        found.append(_draft(DraftKind.LEARNED_LINK, document_id, content, now))
    return found


def _is_alone(words: Sequence[Correction]) -> bool:
    """Whether just one person speaks, who is no lead."""
    return len({one.actor for one in words}) == 1 and not any(one.is_lead for one in words)


def _was_proposed(uow: UnitOfWork, document_id: str, other: str) -> bool:
    """In whichever order."""
    return any(
        one.content.get("other") == second
        for first, second in ((document_id, other), (other, document_id))
        for one in uow.drafts.about(DraftKind.DUPLICATE, first)
    )
