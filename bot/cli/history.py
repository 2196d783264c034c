"""A team's history for `backtest` and `calibrate`: from a file, or from the database."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bot.alerts.past import cases_of
from bot.catalogue import catalogue_of
from bot.cli.alert_export import holds_alerts, read_alerts
from bot.cli.common import open_database, say
from bot.redact import redact
from bot.settings import Settings
from knowledge.loaders import markdown_dir
from knowledge.loaders.incidents import IncidentFormat, open_incidents
from knowledge.loaders.outcome import Loaded, Problem
from knowledge.model import DocumentState, PastIncident, Runbook

_SHOWN_PROBLEMS = 20


def history_of(
    settings: Settings, file: Path | None, folder: Path | None
) -> tuple[list[PastIncident], list[Runbook], list[Problem]]:
    """Incidents from the file or the database, pages from the folder or the database. A file of
    exported alerts is taken as the cases that these alerts were."""
    problems: list[Problem] = []
    incidents: list[PastIncident] = []
    pages: list[Runbook] = []
    with open_database(settings) as database:
        served = [one for one in database.knowledge_source().list() if one.state.is_served]
    if folder is None:
        pages = [one for one in served if isinstance(one, Runbook)]
    else:
        for outcome in markdown_dir.load(markdown_dir.find_pages(folder), url_base=None):
            if isinstance(outcome, Loaded) and isinstance(outcome.document, Runbook):
                pages.append(outcome.document)
            elif isinstance(outcome, Problem):
                problems.append(outcome)
    if file is None:
        incidents = [one for one in served if isinstance(one, PastIncident)]
    elif holds_alerts(file):
        exported = read_alerts(file)
        problems += exported.problems
        incidents = cases_of(exported.alerts, catalogue_of(settings), pages)
    else:
        for outcome in open_incidents(file, IncidentFormat.AUTO, {}).load(
            state=DocumentState.CONFIRMED
        ):
            if isinstance(outcome, Loaded) and isinstance(outcome.document, PastIncident):
                incidents.append(outcome.document)
            elif isinstance(outcome, Problem):
                problems.append(outcome)
    return [_redacted(one) for one in incidents], pages, problems


def _redacted(incident: PastIncident) -> PastIncident:
    """As an import would store it: a secret must not make two cases alike."""
    return replace(
        incident,
        title=redact(incident.title),
        symptom=redact(incident.symptom),
        logs=tuple(map(redact, incident.logs)),
    )


def tell_problems(problems: Sequence[Problem]) -> None:
    """What of a file was left out, and why."""
    for problem in problems[:_SHOWN_PROBLEMS]:
        where = problem.file if problem.line is None else f"{problem.file}, line {problem.line}"
        say(f"  left out: {where}: {problem.reason}", "yellow")
    if len(problems) > _SHOWN_PROBLEMS:
        say(f"  ... and {len(problems) - _SHOWN_PROBLEMS:,} more", "yellow")
