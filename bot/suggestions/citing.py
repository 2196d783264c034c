"""Documents into the lines of an answer: every line is a record's own words and says whose."""

from collections.abc import Mapping, Sequence

from bot.suggestions.destructive import is_destructive
from bot.suggestions.model import Citation, CitedIncident, CitedPassage, Step
from bot.suggestions.placeholders import fill
from bot.suggestions.words import trimmed
from knowledge.model import (
    DocumentState,
    Hit,
    Origin,
    Passage,
    PastIncident,
    Query,
    Runbook,
    SectionRole,
)
from knowledge.text.steps import RawStep, steps_of

CHECKS = frozenset({SectionRole.CONFIRM})
ROLLBACK = frozenset({SectionRole.ROLLBACK})
_SHOWN_ROLES = (SectionRole.MITIGATION, SectionRole.CONFIRM, SectionRole.SYMPTOM)


def cite_incident(
    incident: PastIncident, score: float, query: Query, passages: Sequence[Passage]
) -> CitedIncident:
    """A past incident as it is shown; the excerpt is from its best passage."""
    environment = incident.environments[0] if incident.environments else ""
    excerpt = passages[0].text if passages else incident.symptom
    return CitedIncident(
        id=incident.id,
        title=incident.title,
        score=score,
        url=incident.url,
        excerpt=trimmed(excerpt),
        cause=incident.cause,
        resolution=incident.resolution,
        duration_seconds=incident.duration_seconds,
        started_at=incident.started_at,
        services=incident.services,
        environment=environment,
        other_environment=is_elsewhere(incident, query),
        confirmed_by=incident.confirmed_by if incident.state is DocumentState.CONFIRMED else "",
        citation=Citation(
            document_id=incident.id,
            version=incident.version,
            title=incident.title,
            section=section_of(passages[0]) if passages else "",
            url=incident.url,
        ),
        linked=incident.id in query.linked,
    )


def is_elsewhere(incident: PastIncident, query: Query) -> bool:
    """Whether the incident was in other environments than the query's (False where unknown)."""
    if not query.environment or not incident.environments:
        return False
    return query.environment.lower() not in {name.lower() for name in incident.environments}


def cite_passage(
    runbook: Runbook, score: float, passages: Sequence[Passage], said: Passage | None = None
) -> CitedPassage:
    """The section of a runbook to read: `said`, where one says what was done the last time; else
    of the passages found, the one that says what to do."""
    chosen = said or next(
        (passage for role in _SHOWN_ROLES for passage in passages if passage.role is role),
        passages[0] if passages else None,
    )
    section = section_of(chosen) if chosen else ""
    return CitedPassage(
        id=f"{runbook.id}#{chosen.ordinal}" if chosen else runbook.id,
        document_id=runbook.id,
        title=runbook.title,
        section=section,
        score=score,
        url=runbook.url,
        excerpt=trimmed(chosen.text if chosen else runbook.body),
        generic=runbook.origin is Origin.STARTER,
        citation=cite(runbook, section),
    )


def cite(runbook: Runbook, section: str = "") -> Citation:
    return Citation(
        document_id=runbook.id,
        version=runbook.version,
        title=runbook.title,
        section=section,
        url=runbook.url,
    )


def section_of(passage: Passage) -> str:
    """The headings below the title, as one line."""
    return " › ".join(passage.title_path[1:])


def mitigation_steps(runbook: Runbook, labels: Mapping[str, str]) -> tuple[Step, ...]:
    """All steps of the page's mitigation part, in its order."""
    return tuple(_step(runbook, raw, labels) for raw in steps_of(runbook))


def first_check(runbook: Runbook, labels: Mapping[str, str]) -> Step | None:
    """The first item under the page's heading on how to confirm; None when it has none."""
    checks = steps_of(runbook, CHECKS)
    return _step(runbook, checks[0], labels) if checks else None


def rollback_steps(runbook: Runbook, labels: Mapping[str, str]) -> tuple[Step, ...]:
    """All steps under the page's headings on how to undo it, in its order."""
    return tuple(_step(runbook, raw, labels) for raw in steps_of(runbook, ROLLBACK))


def passages_by_rank(hit: Hit, passages: Mapping[int, Passage]) -> list[Passage]:
    """The hit's passages that still exist, best first."""
    return [passages[number] for number in hit.passages if number in passages]


def _step(runbook: Runbook, raw: RawStep, labels: Mapping[str, str]) -> Step:
    text, unfilled = fill(raw.text, labels)
    return Step(
        text=text,
        is_code=raw.is_code,
        language=raw.language,
        destructive=is_destructive(text),
        unfilled=unfilled,
        citation=cite(runbook, " › ".join(raw.section)),
    )
