"""Coverage and staleness as a page shows them: the worst of each, with how many there are."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.drafts.coverage import Gaps
from bot.drafts.curation import Editor
from bot.people.model import SYSTEM, Role
from bot.services.catalogue import Catalogue
from bot.uow import UnitOfWork
from knowledge.curate.coverage import BrokenUrl, Coverage, Gap
from knowledge.curate.staleness import Stale
from knowledge.loaders.prometheus_rules import AlertRule

MOST = 300

ANYBODY = Editor(SYSTEM.key, Role.RESPONDER)
"""Counted is what everyone may see: the console is no channel."""


@dataclass(frozen=True, slots=True)
class Looked:
    """At most MOST of each list; `*_count` say how many there are. Families are without the ids
    of their past incidents, and without votes."""

    families: int
    covered: int
    gaps: tuple[Gap, ...]
    gap_count: int
    broken: tuple[BrokenUrl, ...]
    broken_count: int
    never: tuple[str, ...]
    never_count: int
    stale: tuple[Stale, ...]
    stale_count: int

    @property
    def share(self) -> float | None:
        return self.covered / self.families if self.families else None


@dataclass(frozen=True, slots=True)
class Beside:
    """What pages and alerts are compared with beside the database: alert rules and services,
    `people` who may own a page, `actions` of the catalogue. None is not looked at."""

    rules: tuple[AlertRule, ...] = ()
    catalogue: Catalogue | None = None
    people: frozenset[str] | None = None
    actions: frozenset[str] | None = None


Besides = Callable[[], Beside]
"""Read anew for each count: files change while the bot runs."""


def look(gaps: Gaps, beside: Beside) -> Looked:
    found = gaps.coverage(ANYBODY, beside.rules, beside.catalogue)
    stale = gaps.stale(ANYBODY, people=beside.people, actions=beside.actions)
    return _looked(found, stale)


def _looked(found: Coverage, stale: list[Stale]) -> Looked:
    return Looked(
        families=found.families,
        covered=found.covered,
        gaps=tuple(
            replace(gap, family=replace(gap.family, incidents=(), votes={}))
            for gap in found.gaps[:MOST]
        ),
        gap_count=len(found.gaps),
        broken=found.broken_urls[:MOST],
        broken_count=len(found.broken_urls),
        never=found.never_retrieved[:MOST],
        never_count=len(found.never_retrieved),
        stale=tuple(stale[:MOST]),
        stale_count=len(stale),
    )


def for_everyone(uow: UnitOfWork, looked: Looked) -> Looked:
    """Without the pages that were restricted since it was counted."""
    named = {*looked.never, *(one.document_id for one in looked.stale)}
    named.update(page for gap in looked.gaps for page in gap.pages)
    hidden = uow.knowledge.restricted(sorted(named))
    if not hidden:
        return looked
    return replace(
        looked,
        gaps=tuple(gap for gap in looked.gaps if hidden.isdisjoint(gap.pages)),
        never=tuple(one for one in looked.never if one not in hidden),
        stale=tuple(one for one in looked.stale if one.document_id not in hidden),
    )
