"""Corpora with known answers: JSON Lines in, checked rows out, mistakes named by line."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from knowledge.errors import KnowledgeError
from knowledge.model import Runbook

MOST_PROBLEMS_SHOWN = 10


class BadCorpus(KnowledgeError):
    """A corpus or query file that cannot be used; the message names the lines."""


class TextField(StrEnum):
    """Which form of a query is asked; one that a row does not have falls back to `text`."""

    TEXT = "text"
    STRICT = "text_strict"
    WITH_NAME = "text_with_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusRow:
    id: str
    title: str
    text: str

    def as_runbook(self, *, with_title: bool) -> Runbook:
        """The row as a document. Without titles, nothing of the title takes part."""
        return Runbook(id=self.id, title=self.title if with_title else "", body=self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRow:
    """One question. No `relevant` ids mean that nothing in the corpus answers it."""

    id: str
    text: str
    relevant: frozenset[str]
    exclude: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    alert_name: str | None = None


def read_corpus(path: Path) -> list[CorpusRow]:
    """All rows `{"id", "title", "text"}`. Raises BadCorpus; an empty file is one."""
    rows: dict[str, CorpusRow] = {}
    problems: list[str] = []
    for number, value in _objects(path, problems):
        try:
            row = CorpusRow(
                id=_text(value, "id", required=True),
                title=_text(value, "title"),
                text=_text(value, "text"),
            )
        except _Wrong as wrong:
            problems.append(f"line {number}: {wrong}")
            continue
        if row.id in rows:
            problems.append(f"line {number}: id {row.id!r} was there before")
        rows[row.id] = row
    _stop_on(path, problems)
    if not rows:
        raise BadCorpus(f"{path} has no rows")
    return list(rows.values())


def read_queries(
    path: Path, known: Callable[[str], bool], text_field: TextField = TextField.TEXT
) -> list[QueryRow]:
    """All queries; `known` says whether an id is in the corpus. Raises BadCorpus."""
    rows: dict[str, QueryRow] = {}
    problems: list[str] = []
    for number, value in _objects(path, problems):
        try:
            row = _query(value, text_field)
        except _Wrong as wrong:
            problems.append(f"line {number}: {wrong}")
            continue
        if row.id in rows:
            problems.append(f"line {number}: id {row.id!r} was there before")
        unknown = sorted(one for one in row.relevant if not known(one))
        if unknown:
            problems.append(f"line {number}: relevant id {unknown[0]!r} is not in the corpus")
        rows[row.id] = row
    _stop_on(path, problems)
    if not rows:
        raise BadCorpus(f"{path} has no rows")
    return list(rows.values())


class _Wrong(Exception):
    pass


def _query(value: Mapping[str, Any], text_field: TextField) -> QueryRow:
    chosen = text_field.value if text_field.value in value else "text"
    labels = value.get("labels") or {}
    if not isinstance(labels, dict):
        raise _Wrong("labels is not an object")
    return QueryRow(
        id=_text(value, "id", required=True),
        text=_text(value, chosen, required="text" not in value),
        relevant=_ids(value, "relevant", required=True),
        exclude=_ids(value, "exclude"),
        labels={str(name): str(label) for name, label in labels.items()},
        alert_name=_text(value, "alert_name") or None,
    )


def _text(value: Mapping[str, Any], key: str, *, required: bool = False) -> str:
    found = value.get(key)
    if found is None or found == "":
        if required:
            raise _Wrong(f"{key} is missing")
        return ""
    if not isinstance(found, str):
        raise _Wrong(f"{key} is not a text")
    return found


def _ids(value: Mapping[str, Any], key: str, *, required: bool = False) -> frozenset[str]:
    found = value.get(key)
    if found is None:
        if required:
            raise _Wrong(f"{key} is missing (an empty list means that nothing answers it)")
        return frozenset()
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise _Wrong(f"{key} is not a list of ids")
    return frozenset(found)


def _objects(path: Path, problems: list[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    value = json.loads(line)
                except ValueError as error:
                    problems.append(f"line {number}: not JSON ({error})")
                    continue
                if isinstance(value, dict):
                    yield number, value
                else:
                    problems.append(f"line {number}: not a JSON object")
    except OSError as error:
        raise BadCorpus(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise BadCorpus(f"{path} is not UTF-8 text: {error.reason}") from error


def _stop_on(path: Path, problems: list[str]) -> None:
    if not problems:
        return
    shown = problems[:MOST_PROBLEMS_SHOWN]
    more = len(problems) - len(shown)
    tail = [f"and {more} more"] if more else []
    raise BadCorpus("\n  ".join([f"{path} cannot be used:", *shown, *tail]))
