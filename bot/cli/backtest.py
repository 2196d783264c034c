"""`recall backtest`: what the bot would have said to a team's past, before it is switched on."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.common import CONFIG_OPTION, JSON_OPTION, exit_on_error, say, stage_bars

if TYPE_CHECKING:
    from bot.settings import Settings
    from knowledge.evaluate.backtest.replay import Replay
    from knowledge.loaders.outcome import Problem
    from knowledge.model import PastIncident, Runbook

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_STAGES = {"embedding": "Embedding", "asking": "Asking"}
_SHOWN_PROBLEMS = 20


@app.command()
def backtest_command(
    file: Path = typer.Argument(
        None,
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Past incidents: JSON Lines, CSV, or PagerDuty's export.",
    ),
    db: bool = typer.Option(False, "--db", help="Those in the database, instead of a file."),
    days: int = typer.Option(None, min=1, help="Ask only the cases of the last so many days."),
    runbooks: Path = typer.Option(
        None, exists=True, file_okay=False, help="Folder of pages instead of the database's."
    ),
    threshold: float = typer.Option(None, min=0, max=1, help="Another threshold, side by side."),
    model: str = typer.Option(None, help="Another model, side by side."),
    grade: bool = typer.Option(False, help="Ask you about 50 of the answers, for a precision."),
    sheet: Path = typer.Option(None, help="Write these 50 as a CSV to fill in."),
    grades: Path = typer.Option(None, exists=True, help="A CSV that was filled in."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Replay past incidents in time order; each sees only what came before it."""
    from bot.cli.backtest_report import as_json, show
    from bot.cli.common import print_json, read_settings
    from bot.memory import load_model
    from knowledge.evaluate.backtest.figures import answered_of
    from knowledge.evaluate.backtest.grading import draw, graded, read_sheet, write_sheet
    from knowledge.evaluate.backtest.replay import replay
    from knowledge.retrieve.confidence import DEFAULT_THRESHOLD

    if db == (file is not None):
        raise typer.BadParameter("give a FILE, or --db for the incidents in the database")
    settings = read_settings(config)
    with exit_on_error():
        incidents, pages, problems = _history(settings, file, runbooks)
        usual = settings.answer_threshold
        usual = DEFAULT_THRESHOLD if usual is None else usual
        plans = {"now": (settings.model, usual)}
        if threshold is not None:
            plans[f"threshold {threshold:g}"] = (settings.model, threshold)
        if model is not None:
            plans[f"model {model}"] = (model, usual)
        results: dict[str, Replay] = {}
        for name, (model_name, least) in plans.items():
            embedder = load_model(model_name, settings.data_dir)
            with stage_bars(_STAGES, f"({name})") as progress:
                results[name] = replay(
                    incidents, pages, embedder, threshold=least, days=days, progress=progress
                )
        drawn = draw(answered_of(results["now"]))
        told = None
        if grades is not None:
            told = graded(read_sheet(grades), answered_of(results["now"]))
        elif grade:
            from bot.cli.backtest_report import ask_people

            told = graded(ask_people(drawn), drawn)
        if sheet is not None:
            write_sheet(sheet, drawn)
            say(f"{len(drawn)} answers are in {sheet}; fill in `right`, then use --grades {sheet}")
    _tell(problems)
    if json:
        print_json(as_json(results, told, problems))
    else:
        show(results, told)


def _history(
    settings: "Settings", file: Path | None, folder: Path | None
) -> "tuple[list[PastIncident], list[Runbook], list[Problem]]":
    """Incidents from the file or the database, pages from the folder or the database."""
    from bot.cli.common import open_database
    from bot.redact import redact
    from knowledge.loaders import markdown_dir
    from knowledge.loaders.incidents import IncidentFormat, open_incidents
    from knowledge.loaders.outcome import Loaded, Problem
    from knowledge.model import DocumentState, PastIncident, Runbook

    problems: list[Problem] = []
    incidents: list[PastIncident] = []
    pages: list[Runbook] = []
    with open_database(settings) as database:
        served = [one for one in database.knowledge_source().list() if one.state.is_served]
    if file is None:
        incidents = [one for one in served if isinstance(one, PastIncident)]
    else:
        for outcome in open_incidents(file, IncidentFormat.AUTO, {}).load(
            state=DocumentState.CONFIRMED
        ):
            if isinstance(outcome, Loaded) and isinstance(outcome.document, PastIncident):
                incidents.append(outcome.document)
            elif isinstance(outcome, Problem):
                problems.append(outcome)
    if folder is None:
        pages = [one for one in served if isinstance(one, Runbook)]
    else:
        for outcome in markdown_dir.load(markdown_dir.find_pages(folder), url_base=None):
            if isinstance(outcome, Loaded) and isinstance(outcome.document, Runbook):
                pages.append(outcome.document)
            elif isinstance(outcome, Problem):
                problems.append(outcome)
    return [_redacted(one, redact) for one in incidents], pages, problems


def _redacted(incident: "PastIncident", redact: Callable[[str], str]) -> "PastIncident":
    """As an import would store it: a secret must not make two cases alike."""
    from dataclasses import replace

    return replace(
        incident,
        title=redact(incident.title),
        symptom=redact(incident.symptom),
        logs=tuple(map(redact, incident.logs)),
    )


def _tell(problems: "Sequence[Problem]") -> None:
    for problem in problems[:_SHOWN_PROBLEMS]:
        where = problem.file if problem.line is None else f"{problem.file}, line {problem.line}"
        say(f"  left out: {where}: {problem.reason}", "yellow")
    if len(problems) > _SHOWN_PROBLEMS:
        say(f"  ... and {len(problems) - _SHOWN_PROBLEMS:,} more", "yellow")
