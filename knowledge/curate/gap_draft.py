"""The first version of a missing page, from what past incidents say. Pure.

Nothing is made up: every sentence is a record's own, under the name of the record. What no record
says is left for a person to fill in.
"""

import re
from collections.abc import Iterable, Sequence

from knowledge.model import PastIncident, Runbook
from knowledge.text.runbook_page import page_of

MOST_CASES = 3
_LONGEST = 1_500
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def best_cases(incidents: Iterable[PastIncident], limit: int = MOST_CASES) -> list[PastIncident]:
    """Those that say most, the newest among equals: with a resolution, then with a cause.

    Records that not everyone may see are left out: a draft is read before it is a page.
    """
    told = [
        one
        for one in incidents
        if one.state.is_served and one.visibility.is_everyone and (one.resolution or one.cause)
    ]
    told.sort(key=lambda one: one.id)
    told.sort(key=_when, reverse=True)
    told.sort(key=lambda one: (bool(one.resolution), bool(one.cause)), reverse=True)
    return told[:limit]


def draft_page(
    alert: str, service: str | None, cases: Sequence[PastIncident]
) -> tuple[str, str] | None:
    """(page id, page as Markdown) for an alert; None where no record says anything."""
    if not cases:
        return None
    parts = [
        f"# {alert}",
        _section("Symptom", [(one.id, one.symptom) for one in cases]),
        _section("Cause", [(one.id, one.cause) for one in cases]),
        _section("Mitigation", [(one.id, one.resolution) for one in cases]),
    ]
    slug = page_id(alert, service)
    page = Runbook(
        id=slug,
        title=alert,
        services=(service,) if service else (),
        alerts=(alert,),
        body="\n\n".join(part for part in parts if part),
    )
    return slug, page_of(page)


def page_id(alert: str, service: str | None) -> str:
    """What a page for the alert is called."""
    return "/".join(part for part in (_slug(service or ""), _slug(alert)) if part) or "page"


def _section(heading: str, said: Sequence[tuple[str, str]]) -> str:
    lines = [f"- {_indented(text)} ({name})" for name, text in said if text.strip()]
    return f"## {heading}\n\n" + "\n".join(lines) if lines else ""


def _indented(text: str) -> str:
    short = text.strip() if len(text.strip()) <= _LONGEST else f"{text.strip()[:_LONGEST]}…"
    return short.replace("\n", "\n  ")


def _when(incident: PastIncident) -> float:
    return incident.started_at.timestamp() if incident.started_at is not None else 0.0


def _slug(text: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text)
    return _NOT_SLUG.sub("-", spaced.lower()).strip("-")
