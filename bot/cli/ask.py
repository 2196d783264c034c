"""`recall ask`: the same answer as in Slack, in the terminal or as JSON."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.common import CONFIG_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from bot.suggestions.model import CitedIncident, Suggestion

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_DEADLINE_SECONDS = 60.0
_LONGEST_LOG_BYTES = 20_000_000
_STEPS_SHOWN = 6
_INCIDENTS_SHOWN = 3
_PASSAGES_SHOWN = 3


@app.command()
def ask(
    text: str = typer.Argument("", metavar="TEXT", help="An alert's words, an error, a question."),
    log: Path = typer.Option(None, help="File with log lines; - reads standard input."),
    label: list[str] = typer.Option([], help="An alert label as name=value; may be repeated."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Ask what is known about an alert, an error or a log. Works beside a running server."""
    from bot.app import open_engine_client
    from bot.cli.common import exit_on_error, print_json, read_settings
    from bot.suggestions.public import to_public_json
    from bot.suggestions.questions import SuggestRequest

    labels = dict(_label(pair) for pair in label)
    lines = _read_log(log) if log is not None else ()
    if not text.strip() and not lines:
        raise typer.BadParameter("say what to look for, or give a --log")
    with exit_on_error(), open_engine_client(read_settings(config)) as engine:
        request = SuggestRequest(text=text, labels=labels, logs=lines, asked_by="cli")
        suggestion = engine.suggest(request, _DEADLINE_SECONDS)
    if json:
        print_json(to_public_json(suggestion))
    else:
        show(suggestion)


def _label(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"{pair!r} is not of the form name=value", param_hint="--label")
    return name.strip(), value.strip()


def _read_log(path: Path) -> tuple[str, ...]:
    import sys

    try:
        if str(path) == "-":
            raw = sys.stdin.buffer.read(_LONGEST_LOG_BYTES + 1)
        else:
            with path.open("rb") as file:
                raw = file.read(_LONGEST_LOG_BYTES + 1)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="--log") from error
    if len(raw) > _LONGEST_LOG_BYTES:
        raise typer.BadParameter(
            f"{path} has more than {_LONGEST_LOG_BYTES // 1_000_000} MB; cut the part that matters",
            param_hint="--log",
        )
    return tuple(raw.decode("utf-8", errors="replace").splitlines())


def show(suggestion: "Suggestion") -> None:
    """Print a suggestion for people on standard output, without its less likely parts."""
    from rich.console import Console
    from rich.syntax import Syntax
    from rich.text import Text

    from bot.cli.common import printable
    from bot.suggestions.words import changed_last

    # Lines are left whole, the terminal wraps them: a command must survive being copied.
    out = Console(highlight=False, soft_wrap=True)
    color = "green" if suggestion.answered else "yellow"
    out.print(f"[bold {color}]{_shown(suggestion.headline)}[/]")
    out.print(f"[dim]{suggestion.confidence_words}, {suggestion.confidence:.2f}[/]")
    if suggestion.causes:
        out.print("\n[bold]Causes that fit[/]")
        for cause in suggestion.causes:
            cases = ", ".join(cause.incident_ids)
            out.print(f"  • {_shown(cause.summary)} [dim]({_shown(cases)}; {cause.share:.0%})[/]")
            if cause.check:
                out.print(f"    check: {_shown(cause.check)}")
    if suggestion.incidents:
        out.print("\n[bold]Past incidents[/]")
        for incident in suggestion.incidents[:_INCIDENTS_SHOWN]:
            _show_incident(out, incident)
    if suggestion.differences:
        out.print("\n[bold]Different this time[/]")
        for row in suggestion.differences:
            out.print(f"  • {_shown(row.text)} [dim]({_shown(row.citation.document_id)})[/]")
    if suggestion.steps:
        out.print("\n[bold]What to do[/]")
        for step in suggestion.steps[:_STEPS_SHOWN]:
            mark = "[red]destructive[/] " if step.destructive else ""
            source = _shown(f"{step.citation.title} › {step.citation.section}")
            if step.is_code:
                code = printable(step.text).strip("\n")
                for line in Syntax("", step.language or "text").highlight(code).split("\n"):
                    out.print(Text("    ").append_text(line))
                out.print(f"    {mark}[dim]{source}[/]")
            else:
                text = _shown(step.text).replace("\n", "\n    ")
                out.print(f"  • {mark}{text} [dim]({source})[/]")
    elif suggestion.passages:
        out.print("\n[bold]Runbooks[/]")
        for passage in suggestion.passages[:_PASSAGES_SHOWN]:
            generic = ", generic" if passage.generic else ""
            out.print(
                f"  • {_shown(passage.title)} › {_shown(passage.section)} "
                f"[dim]({passage.score:.2f}{generic})[/]"
            )
    if suggestion.nearest is not None:
        nearest = suggestion.nearest
        why = ", ".join(nearest.why_too_far)
        out.print(
            f"\nNearest: {_shown(nearest.id)} {_shown(nearest.title)} [dim]({_shown(why)})[/]"
        )
    if suggestion.knows is not None:
        knows = suggestion.knows
        whom = ", ".join(name for name in (knows.owner, *knows.people) if name)
        out.print(f"Who knows {_shown(knows.service)}: {_shown(whom)}")
    if suggestion.changes:
        out.print(f"Changed last: {_shown('; '.join(map(changed_last, suggestion.changes)))}")


def _show_incident(out: object, incident: "CitedIncident") -> None:
    from rich.console import Console

    assert isinstance(out, Console)
    minutes = ""
    if incident.duration_seconds is not None:
        minutes = f", {incident.duration_seconds / 60:.0f} min"
    where = f", other environment: {incident.environment}" if incident.other_environment else ""
    out.print(
        f"  [bold]{_shown(incident.id)}[/] {_shown(incident.title)} "
        f"[dim]({incident.score:.2f}{minutes}{_shown(where)})[/]"
    )
    for name, value in (("cause", incident.cause), ("fixed by", incident.resolution)):
        if value:
            out.print(f"    {name}: {_shown(value)}")


def _shown(text: str) -> str:
    """Outside text, neither markup nor orders to the terminal."""
    from rich.markup import escape

    from bot.cli.common import printable

    return escape(printable(text))
