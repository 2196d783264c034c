"""`recall coverage`: which alerts have a runbook that helps, and which pages nobody gets."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.common import (
    CONFIG_OPTION,
    JSON_OPTION,
    exit_on_error,
    open_database,
    print_json,
    read_settings,
    say,
)

if TYPE_CHECKING:
    from bot.drafts.coverage import Gaps
    from bot.drafts.curation import Editor
    from bot.store.database import Database
    from knowledge.curate.coverage import Coverage, Gap

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Which alerts have no runbook that helps.",
)


@app.callback(invoke_without_command=True)
def coverage(
    rules: list[Path] = typer.Option(
        [], metavar="FILE", exists=True, dir_okay=False, help="Prometheus rule file; many are fine."
    ),
    drafts: bool = typer.Option(
        False, "--drafts", help="Open a draft for each gap that past incidents say enough of."
    ),
    limit: int = typer.Option(50, min=1, max=10_000, help="How many of each are shown."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Compare the alerts of a year, of past incidents and of rule files with the runbooks."""
    from bot.catalogue import catalogue_of
    from bot.counting import rule_files
    from knowledge.loaders import prometheus_rules

    settings = read_settings(config)
    with exit_on_error(), open_database(settings) as database:
        files = rules or [file for path in settings.alert_rules for file in rule_files(path)]
        known = [rule for file in files for rule in prometheus_rules.load(file)]
        gaps = gaps_of(database)
        found = gaps.coverage(operator(), known, catalogue_of(settings))
        made = gaps.open_drafts(found.gaps) if drafts else []
    if json:
        print_json({**as_dict(found), "drafts": [one.id for one in made]})
        return
    _tell(found, limit)
    for draft in made:
        say(f"Draft {draft.id} opened: {draft.subject}.")


def gaps_of(database: "Database") -> "Gaps":
    """The use cases of coverage and staleness on an open database."""
    from bot.clock import SystemClock
    from bot.drafts.coverage import Gaps
    from knowledge.model import DocumentKind, Runbook

    source = database.knowledge_source()
    return Gaps(
        database,
        SystemClock(),
        pages=lambda: [
            one for one in source.list(DocumentKind.RUNBOOK) if isinstance(one, Runbook)
        ],
    )


def operator() -> "Editor":
    """Whoever runs the command line: reads all, as the database does for them anyway."""
    from bot.cli.common import actor_name
    from bot.drafts.curation import Editor
    from bot.people.model import Role

    return Editor(actor_name(), Role.ADMIN, channels=None)


def as_dict(found: "Coverage") -> dict[str, object]:
    """What `recall coverage --json` prints; a contract."""
    return {
        "families": found.families,
        "covered": found.covered,
        "gaps": [_gap(gap) for gap in found.gaps],
        "broken_urls": [
            {"alert": one.alert, "url": one.url, "rule_files": list(one.rule_files)}
            for one in found.broken_urls
        ],
        "never_retrieved": list(found.never_retrieved),
    }


def _gap(gap: "Gap") -> dict[str, object]:
    family = gap.family
    return {
        "kind": gap.kind.value,
        "alert": family.alert,
        "service": family.service,
        "environment": family.environment,
        "incidents": family.times,
        "past_incidents": list(family.incidents),
        "pages": list(gap.pages),
        "rule_files": list(family.rule_files),
    }


def _tell(found: "Coverage", limit: int) -> None:
    share = f" ({found.share:.0%})" if found.share is not None else ""
    say(f"{found.covered} of {found.families} kinds of alerts have a runbook{share}.", "bold")
    for gap in found.gaps[:limit]:
        family = gap.family
        where = ", ".join(part for part in (family.service, family.environment) if part)
        why = f"not helpful: {', '.join(gap.pages)}" if gap.pages else "no runbook"
        say(f"  {family.alert} ({where or 'service unknown'}): {why}, {family.times} incidents")
    for one in found.broken_urls[:limit]:
        say(f"  {one.alert} points to {one.url}, which is no page on record", "yellow")
    if found.never_retrieved:
        say(f"Never part of an answer: {', '.join(found.never_retrieved[:limit])}")
