"""What people said of cases, and which alert families they tied, as lines of a file and back.

A word belongs to an incident of this installation. Elsewhere the incident is made anew as one
that is over, known by its title, service and the moment it opened.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field, ValidationError

from bot.alerts.model import Severity
from bot.incidents.bindings import Binding
from bot.incidents.model import Incident, IncidentState
from bot.suggestions.corrections import Correction, Word
from bot.suggestions.model import Value
from bot.uow import UnitOfWork
from knowledge.model import EVERYONE, Visibility

LINKS = "links.jsonl"
MOST = 1_000_000
_LONGEST = 1_000


class _About(Value):
    """The incident that a word was said about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    service: str | None
    environment: str | None
    severity: Severity
    opened_at: datetime
    resolved_at: datetime | None
    team_id: str
    visibility: list[str] | None


class _Line(Value):
    about: _About
    actor: str = Field(max_length=_LONGEST)
    at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None


class _WordLine(_Line):
    family: str = Field(max_length=_LONGEST)
    document: str = Field(max_length=_LONGEST)
    word: Word
    team_id: str
    is_lead: bool


class _TieLine(_Line):
    one: str = Field(max_length=_LONGEST)
    other: str = Field(max_length=_LONGEST)
    together: bool


@dataclass(frozen=True, slots=True)
class LinksReport:
    """How many words and ties were taken in, how many were there, and lines that cannot be read
    as (line, reason)."""

    added: int
    unchanged: int
    failed: tuple[tuple[int, str], ...]


def lines_of(uow: UnitOfWork) -> bytes:
    """The file: every word, revoked ones too, and every tie in force; one text for one state."""
    incidents: dict[int, Incident] = {}
    words = uow.corrections.list(MOST)
    ties = uow.bindings.in_force()
    numbers = {one.incident_id for one in words} | {one.incident_id for one in ties}
    for number in numbers:
        if (found := uow.incidents.get(number)) is not None:
            incidents[number] = found
    lines = [
        _WordLine(
            about=_about(incidents[one.incident_id]),
            actor=one.actor,
            at=one.at,
            revoked_at=one.revoked_at,
            revoked_by=one.revoked_by,
            family=one.family,
            document=one.document_id,
            word=one.word,
            team_id=one.team_id,
            is_lead=one.is_lead,
        ).model_dump(mode="json")
        for one in words
        if one.incident_id in incidents
    ]
    lines += [
        _TieLine(
            about=_about(incidents[one.incident_id]),
            actor=one.actor,
            at=one.at,
            one=one.one,
            other=one.other,
            together=one.together,
        ).model_dump(mode="json")
        for one in ties
        if one.incident_id in incidents
    ]
    texts = sorted(json.dumps(line, ensure_ascii=False, sort_keys=True) for line in lines)
    return "".join(f"{text}\n" for text in texts).encode("utf-8", "replace")


def take_in(uow: UnitOfWork, lines: Iterable[bytes]) -> LinksReport:
    """Say again what a file says; what is there already stays as it is."""
    added = unchanged = 0
    failed: list[tuple[int, str]] = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            line = _read(text)
        except (ValidationError, ValueError, RecursionError):
            failed.append((number, "is no word on a case and no tie of families"))
            continue
        is_new = _word(uow, line) if isinstance(line, _WordLine) else _tie(uow, line)
        added += is_new
        unchanged += not is_new
    return LinksReport(added, unchanged, tuple(failed))


def _read(text: bytes) -> _WordLine | _TieLine:
    value: Any = json.loads(text)
    is_tie = isinstance(value, Mapping) and "together" in value
    line = (_TieLine if is_tie else _WordLine).model_validate(value)
    moments = (line.at, line.revoked_at, line.about.opened_at, line.about.resolved_at)
    if any(one is not None and one.tzinfo is None for one in moments):
        raise ValueError("a time has no zone")
    assert isinstance(line, _WordLine | _TieLine)
    return line


def _word(uow: UnitOfWork, line: _WordLine) -> bool:
    incident_id = _incident(uow, line.about)
    there = uow.corrections.list(MOST, incident_id)
    said = (line.document, line.actor, line.word.is_constraint)
    if any((one.document_id, one.actor, one.word.is_constraint) == said for one in there):
        return False
    return uow.corrections.say(
        Correction(
            team_id=line.team_id,
            actor=line.actor,
            is_lead=line.is_lead,
            incident_id=incident_id,
            family=line.family,
            document_id=line.document,
            word=line.word,
            at=line.at,
            revoked_at=line.revoked_at,
            revoked_by=line.revoked_by,
        )
    )


def _tie(uow: UnitOfWork, line: _TieLine) -> bool:
    pair = {line.one, line.other}
    if any({one.one, one.other} == pair for one in uow.bindings.in_force()):
        return False
    return uow.bindings.say(
        Binding(
            one=line.one,
            other=line.other,
            together=line.together,
            incident_id=_incident(uow, line.about),
            actor=line.actor,
            at=line.at,
        )
    )


def _about(incident: Incident) -> _About:
    channels = incident.visibility.channels
    return _About(
        title=incident.title,
        service=incident.service,
        environment=incident.environment,
        severity=incident.severity,
        opened_at=incident.opened_at,
        resolved_at=incident.resolved_at,
        team_id=incident.team_id,
        visibility=None if channels is None else sorted(channels),
    )


def _incident(uow: UnitOfWork, about: _About) -> int:
    """The id of the incident that a line is about; one that is over is made where there is none."""
    for one in uow.incidents.opened_at(about.opened_at):
        same = (one.title, one.service, one.environment, one.team_id)
        if same == (about.title, about.service, about.environment, about.team_id):
            return one.id
    incident, _ = uow.incidents.open(
        group_key=f"imported:1:{about.opened_at.isoformat()}:{about.title}:{about.service}",
        title=about.title,
        service=about.service,
        environment=about.environment,
        severity=about.severity,
        team_id=about.team_id,
        now=about.opened_at,
    )
    visibility = EVERYONE if about.visibility is None else Visibility(frozenset(about.visibility))
    over = replace(
        incident,
        state=IncidentState.CLOSED,
        resolved_at=about.resolved_at,
        visibility=visibility,
    )
    uow.incidents.save(over)
    return incident.id
