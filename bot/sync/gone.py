"""Pages that are gone from the source they came from: asked about, or retired where that is set.

Nothing is ever removed. A page that a lead keeps is no longer the source's; one that comes back to
the source is in use again, if it was the sync that retired it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from bot.clock import Clock
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.curate.curator import Curator
from knowledge.model import DocumentState, Runbook

RETIRED = "sync-gone:"
"""Before a source's name: the key of the mark that holds which pages its syncs have retired."""

MOST_AT_ONCE = 5
"""Pages that a source may lack at once and be believed, if they are more than half of its own: an
empty folder or another branch is rather a mistake than a decision."""

_MOST = 1_000


class Gone:
    """`actor` is whom the audit record names."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, actor: str) -> None:
        self._units = units
        self._clock = clock
        self._actor = actor

    def look(self, source: str, missing: Sequence[str], pages: int, *, retires: bool) -> int:
        """Deal with the pages that `source` (its key) lacks, of `pages` that came from it; how
        many of them are still in use here. `retires` says that nobody need be asked."""
        believed = len(missing) <= MOST_AT_ONCE or 2 * len(missing) <= pages
        with self._units.begin() as uow:
            now = self._clock.now()
            self._back(uow, source, frozenset(missing), now)
            served = [one for one in missing if _is_served(uow, one)]
            if retires and believed:
                self._retire(uow, source, served, now)
                return 0
            for document_id in served:
                self._ask(uow, source, document_id, now)
        return len(served)

    def _ask(self, uow: UnitOfWork, source: str, document_id: str, now: datetime) -> None:
        if uow.drafts.waiting(DraftKind.PAGE_GONE, document_id, limit=1):
            return
        page = uow.knowledge.get(document_id)
        title = page.title if page is not None else document_id
        content: dict[str, Any] = {
            "problem": f"{title} is gone from its source: retire?",
            "title": title,
            "source": source,
        }
        uow.drafts.add(
            Draft(
                kind=DraftKind.PAGE_GONE,
                subject=document_id,
                content=content,
                made_by=self._actor,
                made_at=now,
            )
        )
        self._say(uow, "page_gone.proposed", document_id, source, now)

    def _retire(self, uow: UnitOfWork, source: str, pages: Sequence[str], now: datetime) -> None:
        if not pages:
            return
        curator = Curator(uow.knowledge, actor=self._actor, now=now)
        for document_id in pages:
            curator.retire(document_id)
            self._close(uow, document_id, DraftState.ACCEPTED, now)
            self._say(uow, "runbook.retired", document_id, source, now)
        self._remember(uow, source, {*self._retired(uow, source), *pages}, now)

    def _back(self, uow: UnitOfWork, source: str, missing: Collection[str], now: datetime) -> None:
        """What waits, or was retired, for being gone and is in the source again."""
        for draft in uow.drafts.waiting(DraftKind.PAGE_GONE, limit=_MOST):
            if draft.content.get("source") == source and draft.subject not in missing:
                uow.drafts.decide(draft.id, DraftState.REPLACED, actor=self._actor, now=now)
        retired = self._retired(uow, source)
        again = sorted(retired - frozenset(missing))
        if not again:
            return
        curator = Curator(uow.knowledge, actor=self._actor, now=now)
        for document_id in again:
            found = uow.knowledge.get(document_id)
            if found is not None and found.state is DocumentState.RETIRED:
                curator.bring_back(document_id)
                self._say(uow, "runbook.brought_back", document_id, source, now)
        self._remember(uow, source, retired - frozenset(again), now)

    def _close(self, uow: UnitOfWork, document_id: str, state: DraftState, now: datetime) -> None:
        for draft in uow.drafts.waiting(DraftKind.PAGE_GONE, document_id):
            uow.drafts.decide(draft.id, state, actor=self._actor, now=now)

    def _retired(self, uow: UnitOfWork, source: str) -> frozenset[str]:
        kept = uow.marks.get(f"{RETIRED}{source}")
        return frozenset(kept["pages"] if kept is not None else ())

    def _remember(
        self, uow: UnitOfWork, source: str, pages: Collection[str], now: datetime
    ) -> None:
        uow.marks.put(f"{RETIRED}{source}", {"pages": sorted(pages)}, now)

    def _say(
        self, uow: UnitOfWork, action: str, document_id: str, source: str, now: datetime
    ) -> None:
        uow.audit.append(
            at=now, actor=self._actor, action=action, subject=document_id, data={"source": source}
        )


def _is_served(uow: UnitOfWork, document_id: str) -> bool:
    found = uow.knowledge.get(document_id)
    return isinstance(found, Runbook) and found.state.is_served
