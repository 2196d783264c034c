"""The effect of a change of one runbook on the team's own past: who would get which page. Pure.

What each past incident gets is found by `knowledge.curate.preview`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from knowledge.model import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One past incident: what it asked, as its alerts said it then, and `right`, the ids of the
    runbooks that its record, its alerts' links or people's words name as its page."""

    id: str
    title: str
    at: datetime | None
    query: Query
    right: frozenset[str] = frozenset()
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A case whose answer shows another page first; None where it shows none."""

    case: Case
    before: str | None
    after: str | None

    @property
    def loses_right(self) -> bool:
        return self.before in self.case.right and self.after not in self.case.right

    @property
    def wins_right(self) -> bool:
        return self.after in self.case.right and self.before not in self.case.right


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """`cases` is how many past incidents were looked at, `searched` for how many of them a search
    was made in full, `known` of how many the right page is known. `moved` are the cases that
    would get another page than now, the newest first."""

    document_id: str
    cases: int
    searched: int
    known: int
    moved: tuple[Moved, ...] = ()

    @property
    def gets(self) -> tuple[Moved, ...]:
        """Cases that would get the page and do not now."""
        return self._those(lambda one: one.after == self.document_id)

    @property
    def leaves(self) -> tuple[Moved, ...]:
        """Cases that get the page now and would not any more."""
        return self._those(lambda one: one.before == self.document_id)

    @property
    def lost(self) -> tuple[Moved, ...]:
        """Right answers that would be lost."""
        return self._those(lambda one: one.loses_right)

    @property
    def won(self) -> tuple[Moved, ...]:
        """Right answers that there were not before."""
        return self._those(lambda one: one.wins_right)

    def _those(self, wanted: Callable[[Moved], bool]) -> tuple[Moved, ...]:
        return tuple(one for one in self.moved if wanted(one))


def impact_of(
    document_id: str,
    cases: Sequence[Case],
    before: Sequence[str | None],
    after: Sequence[str | None],
    searched: int,
) -> Impact:
    """Compare the page that each case gets with the one it would get, in the cases' order.
    ValueError unless all three are of one length."""
    moved = [
        Moved(case=case, before=old, after=new)
        for case, old, new in zip(cases, before, after, strict=True)
        if old != new
    ]
    moved.sort(key=lambda one: one.case.id)
    moved.sort(key=lambda one: one.case.at.timestamp() if one.case.at else 0.0, reverse=True)
    return Impact(
        document_id=document_id,
        cases=len(cases),
        searched=searched,
        known=sum(bool(case.right) for case in cases),
        moved=tuple(moved),
    )
