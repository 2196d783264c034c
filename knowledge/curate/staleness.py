"""Pages that have gone stale, and by what one can tell. Pure."""

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from urllib.parse import unquote

from knowledge.model import Origin, Runbook
from knowledge.text.named_actions import named_actions

REVIEW_EVERY = timedelta(days=365)
"""A page is due this long after its last review, where it does not name a date itself."""

RECENT = timedelta(days=90)
LEAST_WORDS = 4
"""Words on a page, in recent times and before, from which on they are compared."""

FALLEN = 0.25
"""By how much the share of "helpful" must have fallen."""

_LINK = re.compile(r"\[[^\]\n]*\]\(\s*<?([^)\s>]{1,2000})>?(?:\s+[\"'][^)\n]*)?\)")
_FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1[^\S\n]*$", re.MULTILINE | re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PAGES = (".md", ".markdown")


class StaleKind(StrEnum):
    PAST_REVIEW = "past_review"
    OWNER_LEFT = "owner_left"
    DEAD_LINK = "dead_link"
    UNKNOWN_ACTION = "unknown_action"
    FALLING = "falling_helpfulness"


@dataclass(frozen=True, slots=True)
class Stale:
    """One reason to look at a page again; `detail` says it in words."""

    document_id: str
    title: str
    kind: StaleKind
    detail: str


@dataclass(frozen=True, slots=True)
class Word:
    """Somebody said whether a page helped."""

    at: datetime
    helpful: bool


def stale(
    pages: Iterable[Runbook],
    now: datetime,
    *,
    people: frozenset[str] | None = None,
    actions: frozenset[str] | None = None,
    words: Mapping[str, Sequence[Word]] | None = None,
) -> list[Stale]:
    """Every reason, by page. `people` are the names an owner may have (in any case of letters),
    `actions` the ids in the catalogue; what is None is not looked at. Generic pages and pages
    that are not served are left out."""
    every = list(pages)
    known = {one.id for one in every if one.state.is_served}
    names = None if people is None else frozenset(name.casefold() for name in people)
    found: list[Stale] = []
    for page in sorted(every, key=lambda one: one.id):
        if not page.state.is_served or page.origin is not Origin.TEAM:
            continue
        reasons = [
            *_past_review(page, now.date()),
            *_owner_left(page, names),
            *_dead_links(page, known),
            *_unknown_actions(page, actions),
            *_falling((words or {}).get(page.id, ()), now),
        ]
        found += [Stale(page.id, page.title, kind, detail) for kind, detail in reasons]
    return found


Reasons = Iterable[tuple[StaleKind, str]]


def due(reviewed: date | None, review_by: date | None) -> date | None:
    """When a page is to be looked over again; None where it says neither."""
    if review_by is not None:
        return review_by
    return reviewed + REVIEW_EVERY if reviewed is not None else None


def _past_review(page: Runbook, today: date) -> Reasons:
    day = due(page.reviewed, page.review_by)
    if day is not None and day < today:
        yield StaleKind.PAST_REVIEW, f"was due for review on {day.isoformat()}"


def _owner_left(page: Runbook, names: frozenset[str] | None) -> Reasons:
    if names is not None and page.owner and page.owner.casefold() not in names:
        yield StaleKind.OWNER_LEFT, f"its owner {page.owner} is not among the people"


def _dead_links(page: Runbook, known: set[str]) -> Reasons:
    folder = posixpath.dirname(page.id)
    for target in dict.fromkeys(_LINK.findall(_FENCED.sub("", page.body))):
        path = unquote(target.partition("#")[0].partition("?")[0])
        if not path or _SCHEME.match(target) or target.startswith(("//", "#")):
            continue
        suffix = posixpath.splitext(path)[1].lower()
        if suffix and suffix not in _PAGES:
            continue  # pictures and the like are no pages, and are not kept
        inside = path.lstrip("/") if path.startswith("/") else posixpath.join(folder, path)
        slug = posixpath.normpath(inside).removesuffix(suffix)
        if slug not in known:
            yield StaleKind.DEAD_LINK, f"links to {target}, which is no page"


def _unknown_actions(page: Runbook, actions: frozenset[str] | None) -> Reasons:
    if actions is None:
        return
    for action in dict.fromkeys(one.template for one in named_actions(page)):
        if action not in actions:
            yield (
                StaleKind.UNKNOWN_ACTION,
                f"names the action {action}, which the catalogue lacks",
            )


def _falling(words: Sequence[Word], now: datetime) -> Reasons:
    recent = [word.helpful for word in words if word.at >= now - RECENT]
    before = [word.helpful for word in words if word.at < now - RECENT]
    if len(recent) < LEAST_WORDS or len(before) < LEAST_WORDS:
        return
    then, lately = sum(before) / len(before), sum(recent) / len(recent)
    if then - lately >= FALLEN:
        yield (
            StaleKind.FALLING,
            f"{lately:.0%} found it helpful in the last {RECENT.days} days, {then:.0%} before",
        )
