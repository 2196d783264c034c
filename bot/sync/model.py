"""A source as it is written in the settings, and what became of its last sync. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from knowledge.errors import BadDocument
from knowledge.loaders.git import GitSource

GIT = "git+"
MARK = "sync:"
"""Before a source's name: the key of the mark that holds its last outcome, and what the pages of
the source are known by."""


class SourceKind(StrEnum):
    FOLDER = "folder"
    ARCHIVE = "archive"
    GIT = "git"


@dataclass(frozen=True, slots=True)
class SyncSource:
    """`name` is the source as it was written; `path` is of a folder or archive, `git` of a
    repository."""

    name: str
    kind: SourceKind
    path: Path | None = None
    git: GitSource | None = None

    @property
    def key(self) -> str:
        return f"{MARK}{self.name}"


def parse_source(written: str) -> SyncSource:
    """`git+URL`, `git+URL#BRANCH`, `git+URL#BRANCH:FOLDER`, a path to a zip, or to a folder.

    Raises BadDocument for what is none of these.
    """
    text = written.strip()
    if text.startswith(GIT):
        url, _, rest = text.removeprefix(GIT).partition("#")
        branch, _, folder = rest.partition(":")
        return SyncSource(text, SourceKind.GIT, git=GitSource(url, branch, folder.strip("/")))
    path = Path(text)
    if "://" in text or text.startswith("-"):
        raise BadDocument(f"{text!r} is no path; a repository is written as git+URL#BRANCH:FOLDER")
    if not path.is_absolute():
        raise BadDocument(f"{text!r} is no absolute path")
    kind = SourceKind.ARCHIVE if path.suffix.lower() == ".zip" else SourceKind.FOLDER
    return SyncSource(text, kind, path=path)


class SyncState(BaseModel):
    """The last sync of a source. `problem` is "" where it worked; `good_at` is when one last did.
    `note` tells of a remote that was rewritten."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: datetime
    good_at: datetime | None = None
    problem: str = ""
    note: str = ""
    commit: str = ""
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    merged: int = 0
    left_out: int = 0
    conflicts: int = 0
    missing: int = 0

    @property
    def is_well(self) -> bool:
        return not self.problem

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


def state_of(kept: Mapping[str, Any] | None) -> SyncState | None:
    return None if kept is None else SyncState.model_validate(kept)


def in_words(state: SyncState | None) -> str:
    """One line for people."""
    if state is None:
        return "not synced yet"
    when = f"{state.at:%Y-%m-%d %H:%M} UTC"
    if state.problem:
        since = (
            f"; the last good one was {state.good_at:%Y-%m-%d %H:%M} UTC" if state.good_at else ""
        )
        return f"failed {when}: {state.problem}{since}"
    told = f"{when}: {state.added} added, {state.changed} changed, {state.unchanged} unchanged"
    more = (
        (state.merged, "merged with edits made here"),
        (state.conflicts, "wait for review"),
        (state.left_out, "left out"),
        (state.missing, "not in the source any more"),
    )
    parts = [told, *(f"{count} {words}" for count, words in more if count)]
    return ", ".join(parts) + (f" ({state.note})" if state.note else "")
