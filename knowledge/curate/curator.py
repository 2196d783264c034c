"""Publishing runbooks: every edit says which version it was made of, and nothing is lost.

Rights, audit and the transaction are the caller's (`bot.drafts.curation`).
"""

import re
from dataclasses import replace
from datetime import date, datetime

from knowledge.curate.merge import has_marks, merge
from knowledge.curate.model import MergeNeeded, Published
from knowledge.curate.ports import CuratedStore
from knowledge.errors import BadDocument, Unpublishable
from knowledge.model import DocumentState, Origin, Runbook
from knowledge.text.pages import parse_runbook
from knowledge.text.passages import passages_of
from knowledge.text.runbook_page import page_of

_ID = re.compile(r"[\w][\w.@+-]*(?:/[\w][\w.@+-]*)*")
_LONGEST_ID = 200


class Curator:
    """Changes of runbooks by one person at one moment, on one transaction that may write."""

    def __init__(self, store: CuratedStore, *, actor: str, now: datetime) -> None:
        self._store = store
        self._actor = actor
        self._now = now

    def publish(self, document_id: str, text: str, base_version: int) -> Published | MergeNeeded:
        """Put `text` (Markdown with front matter) in force as the page's next version.

        `base_version` is the version that the edit was made of, 0 for a new page. Where others
        published since, the edits are merged by lines; where they touch the same lines nothing is
        published and the text with both comes back. The page is served at once, as reviewed.

        Raises BadDocument for a text that is no valid page, Unpublishable for an id that cannot
        be one, marks of a conflict that are left, a base version that never was, a page that is
        retired, and an id that belongs to a past incident.
        """
        if not _ID.fullmatch(document_id) or len(document_id) > _LONGEST_ID:
            raise Unpublishable(
                f"{document_id[:_LONGEST_ID]!r} cannot be a page's id: letters, digits, '-', '_' "
                f"and '.', folders with '/', at most {_LONGEST_ID} characters"
            )
        if has_marks(text):
            raise Unpublishable(
                "the text still holds both sides of a conflict: choose what it shall say, and "
                "take the lines with <<<<<<<, ======= and >>>>>>> out"
            )
        mine = _page(text, document_id)
        self._store.claim_curating()
        current = self._current(document_id)
        if current is None:
            if base_version:
                raise Unpublishable(f"there is no page {document_id!r} (any more)")
            return self._put(mine, None, merged=False)
        if current.state is DocumentState.RETIRED:
            raise Unpublishable(f"{document_id!r} is retired; bring it back first")
        if base_version == current.version:
            return self._put(mine, current, merged=False)
        return self._merged(mine, base_version, current)

    def _merged(
        self, mine: Runbook, base_version: int, current: Runbook
    ) -> Published | MergeNeeded:
        base = ""
        if base_version:
            found = self._store.version(current.id, base_version)
            if found is None:
                raise Unpublishable(f"{current.id!r} has no version {base_version}")
            base = found.text
        by = next((one.by for one in self._store.versions(current.id)), "")
        named = f"version {current.version}" + (f" by {by}" if by else "")
        found_text = merge(base, page_of(mine), page_of(current), their_name=named)
        if found_text.conflicts:
            reason = f"{named} changed the same lines"
        else:
            try:
                return self._put(_page(found_text.text, current.id), current, merged=True)
            except BadDocument as error:
                reason = f"together with {named} this is no valid page: {error}"
        return MergeNeeded(
            current.id, current.version, found_text.text, found_text.conflicts, reason
        )

    def revert(self, document_id: str, to_version: int) -> Published:
        """Put what an earlier version said in force again, as a new version: one step, and
        undone in the same way. Raises Unpublishable for a version that never was, or a page
        that is retired."""
        self._store.claim_curating()
        current = self._current(document_id)
        earlier = self._store.version(document_id, to_version)
        if current is None or earlier is None:
            raise Unpublishable(f"there is no version {to_version} of a page {document_id!r}")
        if current.state is DocumentState.RETIRED:
            raise Unpublishable(f"{document_id!r} is retired; bring it back first")
        return self._put(earlier.runbook, current, merged=False)

    def set_owner(self, document_id: str, owner: str) -> Published:
        """Name whoever keeps the page; the words of the page stay. Raises Unpublishable."""
        return self._with(document_id, owner=owner)

    def set_reviewed(self, document_id: str, on: date, review_by: date | None) -> Published:
        """Say that the page was looked over. Raises Unpublishable."""
        return self._with(document_id, reviewed=on, review_by=review_by)

    def _with(self, document_id: str, **changes: object) -> Published:
        self._store.claim_curating()
        current = self._current(document_id)
        if current is None or current.state is DocumentState.RETIRED:
            raise Unpublishable(f"there is no page {document_id!r} in use")
        changed = replace(current, **changes)  # type: ignore[arg-type]
        return self._put(_page(page_of(changed), document_id), current, merged=False)

    def retire(self, document_id: str) -> None:
        """Serve the page no more; its versions stay. Raises Unpublishable when it is unknown."""
        self._move(document_id, DocumentState.RETIRED)

    def bring_back(self, document_id: str) -> None:
        """Serve a retired page, or a draft, as it is. Raises Unpublishable when it is unknown."""
        self._move(document_id, DocumentState.REVIEWED)

    def _move(self, document_id: str, state: DocumentState) -> None:
        self._store.claim_curating()
        current = self._current(document_id)
        if current is None:
            raise Unpublishable(f"there is no page {document_id!r}")
        if current.state is DocumentState.RETIRED and state is not DocumentState.RETIRED:
            self._set(document_id, DocumentState.DRAFT)
        self._set(document_id, state)

    def _set(self, document_id: str, state: DocumentState) -> None:
        self._store.set_state(document_id, state, actor=self._actor, now=self._now)

    def _current(self, document_id: str) -> Runbook | None:
        current = self._store.get(document_id)
        if current is not None and not isinstance(current, Runbook):
            raise Unpublishable(f"{document_id!r} is the id of a past incident")
        return current

    def _put(self, page: Runbook, current: Runbook | None, *, merged: bool) -> Published:
        page = replace(page, state=DocumentState.REVIEWED, origin=Origin.TEAM)
        [(_, change)] = self._store.upsert(
            [(page, passages_of(page))], actor=self._actor, now=self._now
        )
        stored = self._store.get(page.id)
        assert isinstance(stored, Runbook)
        if stored.state is not DocumentState.REVIEWED:
            self._set(page.id, DocumentState.REVIEWED)
        before = current.version if current is not None else 0
        is_changed = change != "same" and stored.version != before
        return Published(page.id, stored.version, page_of(stored), is_changed, merged)


def _page(text: str, document_id: str) -> Runbook:
    return parse_runbook(text, slug=document_id)
