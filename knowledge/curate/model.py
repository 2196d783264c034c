"""Runbooks as those who keep them see them: lines of a list, versions, what publishing came to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import unified_diff
from itertools import pairwise
from typing import Generic, TypeVar

from knowledge.model import DocumentState, Origin, Runbook, Visibility
from knowledge.text.runbook_page import page_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookLine:
    """A runbook without its body, in any state; `updated_*` say who changed it last, and when."""

    id: str
    title: str
    services: tuple[str, ...]
    alerts: tuple[str, ...]
    actions: tuple[str, ...]
    owner: str
    state: DocumentState
    origin: Origin
    visibility: Visibility
    url: str | None
    version: int
    reviewed: date | None
    review_by: date | None
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfLine:
    """What a runbook is found by in a list: thousands of these cost what a hundred whole lines do.
    `alerts` and `owner` are empty where nobody asked for them."""

    id: str
    title: str
    services: tuple[str, ...]
    visibility: Visibility
    alerts: tuple[str, ...] = ()
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """A past incident without its texts, in any state."""

    id: str
    alerts: tuple[str, ...]
    services: tuple[str, ...]
    state: DocumentState
    visibility: Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """One version of a page: its number (from 1), when it was published and by whom."""

    document_id: str
    version: int
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(VersionLine):
    """A version with all that it said. The state in `runbook` says nothing: it has no history."""

    runbook: Runbook

    @property
    def text(self) -> str:
        """The page as Markdown with front matter, ready to be edited."""
        return page_of(self.runbook)


@dataclass(frozen=True, slots=True)
class ImportedPage:
    """What the file of a page said when it was imported last, as `page_of` writes it, and what
    people know its place by. `digest` tells the file's bytes from any other, "" where nobody
    knows."""

    source: str
    page: str
    digest: str = ""


L = TypeVar("L", RunbookLine, ShelfLine)


@dataclass(frozen=True, slots=True)
class Branch(Generic[L]):
    """The pages of one service, by title. A page of several services is in several branches."""

    service: str
    pages: tuple[L, ...]


def tree(lines: Iterable[L]) -> tuple[Branch[L], ...]:
    """Branches by service; pages that name none come last, under ""."""
    branches: dict[str, list[L]] = {}
    for line in lines:
        for service in line.services or ("",):
            branches.setdefault(service, []).append(line)
    return tuple(
        Branch(service, tuple(sorted(branches[service], key=lambda one: (one.title, one.id))))
        for service in sorted(branches, key=lambda service: (not service, service))
    )


@dataclass(frozen=True, slots=True)
class Published:
    """The text is in force as `version`. `merged` says that others' edits since went into it;
    `changed` is False where the page said just that already."""

    document_id: str
    version: int
    text: str
    changed: bool = True
    merged: bool = False


@dataclass(frozen=True, slots=True)
class MergeNeeded:
    """Nothing was published. `text` holds both edits, with marks at each of `conflicts` places
    (0: the two fit, but together they are no valid page, for the `reason`). Let the person mend
    it and publish it with `base_version`."""

    document_id: str
    base_version: int
    text: str
    conflicts: int
    reason: str


def diff(old: Version, new: Version, *, context: int = 3) -> tuple[str, ...]:
    """A unified diff of two versions, a line each; () where they say the same."""
    return diff_texts(
        old.text, new.text, f"version {old.version}", f"version {new.version}", context=context
    )


def diff_texts(
    old: str, new: str, old_name: str = "before", new_name: str = "after", *, context: int = 3
) -> tuple[str, ...]:
    return tuple(
        unified_diff(old.split("\n"), new.split("\n"), old_name, new_name, lineterm="", n=context)
    )


def authors(versions: Sequence[VersionLine]) -> tuple[str, ...]:
    """Everybody who published a version, the newest first, each once."""
    ordered = sorted(versions, key=lambda one: -one.version)
    return tuple(dict.fromkeys(one.by for one in ordered))


def steps(versions: Sequence[VersionLine]) -> tuple[tuple[int, int], ...]:
    """(before, after) for each change, the newest first: what a history offers to compare."""
    numbers = sorted(one.version for one in versions)
    return tuple(reversed(tuple(pairwise(numbers))))
