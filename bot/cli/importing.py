"""What every import shares on the command line: the run, its bar, what is told of it."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import typer

from bot.cli.common import (
    EXIT_FAILED,
    actor_name,
    open_database,
    people,
    print_json,
    progress_bar,
    say,
)

if TYPE_CHECKING:
    from bot.exporting import SaidReport
    from bot.importing import ImportReport
    from bot.settings import Settings
    from bot.uow import UnitOfWorkFactory
    from knowledge.embed.port import Embedder
    from knowledge.loaders.outcome import Known, Outcome, Problem

_SHOWN_PROBLEMS = 200


def run_import(
    settings: "Settings",
    outcomes: "Iterable[Outcome] | Callable[[Known], Iterable[Outcome]]",
    subject: str,
    total: int | None,
    dry_run: bool,
    as_json: bool,
    said: "Callable[[UnitOfWorkFactory], SaidReport] | None" = None,
) -> None:
    """Import `outcomes`, then what `said` takes in; tell of both, and exit with 1 when nothing
    could be used."""
    from bot.clock import SystemClock
    from bot.importing import Importer

    def embedder() -> "Embedder":
        from bot.memory import load_model

        with people.status("Loading the embedding model"):
            return load_model(settings.model, settings.data_dir)

    clock = SystemClock()
    with open_database(settings, clock) as database:
        importer = Importer(
            units=database,
            source=database.knowledge_source(),
            embedder=embedder,
            clock=clock,
            actor=actor_name(),
        )
        with progress_bar("Importing", total) as show:
            report = importer.run(outcomes, subject=subject, dry_run=dry_run, progress=show)
        also = said(database) if said is not None else None
    _tell(report, dry_run=dry_run)
    if also is not None:
        _tell_problems(also.failed)
        say(f"links and noise rules: {also.added:,} added, {also.unchanged:,} unchanged", "bold")
    if as_json:
        print_json({**as_dict(report), **(_said_as_dict(also) if also is not None else {})})
    if not report.is_useful:
        raise typer.Exit(EXIT_FAILED)


def as_dict(report: "ImportReport") -> dict[str, object]:
    """The JSON of every import; a contract."""
    return {
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "failed": [
            {"file": problem.file, "line": problem.line, "reason": problem.reason}
            for problem in report.failed
        ],
        "documents": report.documents,
        "merged": report.merged,
        "conflicts": list(report.conflicts),
        "missing": list(report.missing),
        "passages": report.passages,
        "seconds": round(report.seconds, 3),
    }


def _said_as_dict(said: "SaidReport") -> dict[str, object]:
    failed = [{"file": one.file, "line": one.line, "reason": one.reason} for one in said.failed]
    return {"said": {"added": said.added, "unchanged": said.unchanged, "failed": failed}}


def _tell_problems(problems: "Sequence[Problem]") -> None:
    for problem in problems[:_SHOWN_PROBLEMS]:
        where = problem.file if problem.line is None else f"{problem.file}, line {problem.line}"
        say(f"  left out: {where}: {problem.reason}", "yellow")
    if len(problems) > _SHOWN_PROBLEMS:
        say(f"  ... and {len(problems) - _SHOWN_PROBLEMS:,} more (--json lists all)", "yellow")


def _tell(report: "ImportReport", *, dry_run: bool) -> None:
    _tell_problems(report.failed)
    for document_id in report.conflicts[:_SHOWN_PROBLEMS]:
        say(f"  edited here and in the file, waits for review: {document_id}", "yellow")
    if report.merged:
        say(f"  {report.merged:,} pages now hold the edits made here and the file's")
    if report.missing:
        some = ", ".join(report.missing[:10])
        say(f"  {len(report.missing):,} pages are not in the source any more: {some}", "yellow")
    say(
        f"{'Would be: ' if dry_run else ''}{report.added:,} added, {report.changed:,} changed, "
        f"{report.unchanged:,} unchanged, {len(report.failed):,} left out "
        f"({report.passages:,} passages, {report.seconds:.1f} s)",
        "bold",
    )
