"""All documents as plain files, and those files as the same documents.

    recall.json               the format's version; states that are not the usual ones
    runbooks/<id>.md          a page each, as people write them
    incidents.jsonl           a past incident a line, in the fields of the record schema

One knowledge has one export, byte for byte. Version numbers, histories and vectors are no part of
it: they are in a backup. An id is the file's path, percent-encoded where it would be no plain one.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from knowledge.errors import BadDocument
from knowledge.loaders import incidents_jsonl
from knowledge.loaders.files import read_capped
from knowledge.loaders.markdown_dir import SKIPPED_FOLDERS, find_pages
from knowledge.loaders.outcome import Loaded, Outcome, Outcomes, Problem
from knowledge.loaders.records import incident_of
from knowledge.model import Document, DocumentState, PastIncident, Runbook
from knowledge.text.pages import parse_runbook
from knowledge.text.runbook_page import page_of

FORMAT = 1
HEAD = "recall.json"
RUNBOOKS = "runbooks"
INCIDENTS = "incidents.jsonl"

_USUAL = {Runbook: DocumentState.REVIEWED, PastIncident: DocumentState.CONFIRMED}
_PLAIN = "@+-_"
_LONGEST_SEGMENT = 200
_LONGEST_HEAD = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ExportFile:
    """`path` is relative, with `/`. `is_restricted`: not everyone may see what it holds."""

    path: str
    content: bytes
    is_restricted: bool = False


def files_of(documents: Iterable[Document]) -> Iterator[ExportFile]:
    """Every file. Raises BadDocument for a document that the loaders would not take back: one
    that is left out in silence is found missing when it is too late."""
    ordered = sorted(documents, key=lambda one: one.id)
    states = {one.id: one.state.value for one in ordered if one.state is not _USUAL[type(one)]}
    yield ExportFile(HEAD, _json({"format": FORMAT, "states": states}, indent=2) + b"\n")
    records, restricted = bytearray(), False
    for one in ordered:
        if isinstance(one, PastIncident):
            records += _json(record_of(one)) + b"\n"
            restricted = restricted or not one.visibility.is_everyone
    yield ExportFile(INCIDENTS, bytes(records), restricted)
    for one in ordered:
        if isinstance(one, Runbook):
            path = f"{RUNBOOKS}/{file_name(one.id)}"
            yield ExportFile(path, page_of(one).encode(), not one.visibility.is_everyone)


def record_of(incident: PastIncident) -> dict[str, Any]:
    """A past incident in the fields of the record schema, as reading it again gives it; what is
    empty is left out. Raises BadDocument when it is no valid record."""
    try:
        read = incident_of(_record(incident))
    except BadDocument as error:
        raise BadDocument(f"{incident.id} cannot be exported: it {error}") from error
    return _record(read)


def _record(incident: PastIncident) -> dict[str, Any]:
    channels = incident.visibility.channels
    record: dict[str, Any] = {
        "id": incident.id,
        "title": incident.title,
        "symptom": incident.symptom,
        "cause": incident.cause,
        "resolution": incident.resolution,
        "logs": list(incident.logs),
        "severity": incident.severity,
        "started_at": incident.started_at.isoformat() if incident.started_at else None,
        "resolved_at": incident.resolved_at.isoformat() if incident.resolved_at else None,
        "services": list(incident.services),
        "environment": list(incident.environments),
        "alert_names": list(incident.alerts),
        "tags": list(incident.tags),
        "labels": dict(sorted(incident.labels.items())),
        "neighbours": list(incident.neighbours),
        "changes": list(incident.changes),
        "url": incident.url,
        "runbook": incident.runbook,
        "confirmed_by": incident.confirmed_by,
    }
    kept = {name: value for name, value in record.items() if value}
    return kept if channels is None else {**kept, "visibility": sorted(channels)}


def file_name(document_id: str) -> str:
    """The path of a page's file: no segment of it is hidden, leads out of the folder, or is one
    that readers skip. Raises BadDocument for an id that is too long for one."""
    segments = [_segment(part) for part in document_id.split("/")]
    # A folder `a.md` and the page `a` would want the same name.
    segments[:-1] = [re.sub(r"md$", "%6Dd", part) for part in segments[:-1]]
    if any(len(segment) > _LONGEST_SEGMENT for segment in segments):
        raise BadDocument(f"the id {document_id[:60]!r}... is too long for the name of a file")
    return f"{'/'.join(segments)}.md"


def _segment(part: str) -> str:
    plain = quote(part, safe=_PLAIN)
    if not plain:
        return "%"  # decodes to itself, and quote() never leaves one alone
    if plain.startswith((".", "-")) or plain in SKIPPED_FOLDERS:
        return f"%{ord(plain[0]):02X}{plain[1:]}"
    return plain


def document_id(name: str) -> str:
    """The id behind a `file_name`. Raises BadDocument when that is no UTF-8."""
    parts = name.removesuffix(".md").split("/")
    try:
        return "/".join("" if part == "%" else unquote_to_bytes(part).decode() for part in parts)
    except UnicodeError as error:
        raise BadDocument("has a name that is not UTF-8 once decoded") from error


def is_export(folder: Path) -> bool:
    """Whether a folder is what `recall export` writes."""
    return (folder / HEAD).is_file()


def load(folder: Path) -> Outcomes:
    """Every document of an export. Raises BadDocument when the folder as a whole is none."""
    states = _states(folder)
    for outcome in _documents(folder):
        if isinstance(outcome, Loaded):
            yield _with_state(outcome, states)
        else:
            yield outcome


def _documents(folder: Path) -> Iterator[Outcome]:
    records = folder / INCIDENTS
    if records.is_symlink():
        yield Problem(INCIDENTS, None, "is a link")
    elif records.is_file() and records.stat().st_size:
        yield from _incidents(records)
    if (folder / RUNBOOKS).is_symlink():
        yield Problem(RUNBOOKS, None, "is a link")
        return
    if not (folder / RUNBOOKS).is_dir():
        return
    pages = find_pages(folder / RUNBOOKS)
    yield from pages.problems
    for file in pages.files:
        name = file.relative_to(pages.root).as_posix().encode("utf-8", "replace").decode()
        try:
            page = parse_runbook(read_capped(file), slug=document_id(name))
            yield Loaded(page, f"{RUNBOOKS}/{name}")
        except BadDocument as error:
            yield Problem(f"{RUNBOOKS}/{name}", None, str(error))


def _incidents(path: Path) -> Iterator[Outcome]:
    try:
        for number, record in incidents_jsonl.objects(path):
            try:
                if isinstance(record, str):
                    raise BadDocument(record)
                yield Loaded(incident_of(record), INCIDENTS, number)
            except BadDocument as error:
                yield Problem(INCIDENTS, number, str(error))
    except BadDocument as error:
        yield Problem(INCIDENTS, None, str(error))


def _states(folder: Path) -> Mapping[str, DocumentState]:
    try:
        head = json.loads(read_capped(folder / HEAD, _LONGEST_HEAD))
    except BadDocument as error:
        raise BadDocument(f"{folder} is no export of Recall: {HEAD} {error}") from error
    except (ValueError, RecursionError) as error:
        raise BadDocument(f"{folder} is no export of Recall: {HEAD} is not valid JSON") from error
    if not isinstance(head, dict) or not isinstance(head.get("states"), dict):
        raise BadDocument(f"{folder} is no export of Recall: {HEAD} has no `states`")
    if head.get("format") != FORMAT:
        raise BadDocument(
            f"{folder} has format {head.get('format')!r}; this version of Recall reads {FORMAT}"
        )
    try:
        return {str(name): DocumentState(state) for name, state in head["states"].items()}
    except ValueError as error:
        raise BadDocument(f"{HEAD} names a state that there is not: {error}") from error


def _with_state(loaded: Loaded, states: Mapping[str, DocumentState]) -> Loaded:
    document = loaded.document
    state = states.get(document.id, _USUAL[type(document)])
    return replace(loaded, document=replace(document, state=state))


def _json(value: object, indent: int | None = None) -> bytes:
    separators = None if indent else (",", ":")
    return json.dumps(
        value,
        ensure_ascii=False,
        indent=indent,
        separators=separators,
        sort_keys=indent is not None,
    ).encode()
