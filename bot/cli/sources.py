"""`recall sources`: who may send alerts, and what becomes of a body."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.common import CONFIG_OPTION

if TYPE_CHECKING:
    from bot.alerts.changes import Change
    from bot.alerts.model import Alert
    from bot.alerts.sources import Source
    from bot.alerts.unresolved import LabelSet, ResolvedShare

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="List the tools that are understood; try a body of one.",
)


@app.command("list")
def list_(
    json: bool = typer.Option(False, "--json", help="Print one JSON object on standard output."),
    config: Path = CONFIG_OPTION,
) -> None:
    """List every source: of code, by a mapping file, and the team's own."""
    from bot.alerts.sources import all_sources
    from bot.cli.common import exit_on_error, print_json, read_settings, say

    settings = read_settings(config)
    with exit_on_error():
        sources = sorted(all_sources(settings.sources_dir).values(), key=lambda one: one.name)
    if json:
        print_json({"sources": [source_as_dict(source) for source in sources]})
        return
    for source in sources:
        kind = "changes" if source.changes else "alerts"
        say(f"{source.name:<18} {kind:<8} {source.origin:<8} {source.title}")


@app.command("unresolved", short_help="Count the alerts whose service is not known.")
def unresolved(
    days: int = typer.Option(7, min=1, max=366, help="How many days back to look."),
    json: bool = typer.Option(False, "--json", help="Print one JSON object on standard output."),
    config: Path = CONFIG_OPTION,
) -> None:
    """Say which share of the alerts has no service or no environment, and what they carry.

    A rule in services.yaml for the labels that are listed would resolve them from then on.
    """
    from datetime import timedelta

    from bot.alerts.unresolved import MOST_READ, in_words, label_sets
    from bot.cli.common import (
        exit_on_error,
        open_database,
        print_json,
        printable,
        read_settings,
        say,
    )
    from bot.clock import SystemClock

    since = SystemClock().now() - timedelta(days=days)
    with exit_on_error(), open_database(read_settings(config)) as database, database.read() as uow:
        seen = uow.alerts.turned_since(since)
        sets = label_sets(uow.alerts.unresolved_since(since, MOST_READ))
    if json:
        print_json(unresolved_as_dict(days, seen, sets))
        return
    say(
        f"{seen.unresolved} of {seen.alerts} alerts of {days} days ({seen.share:.0%}): "
        f"{seen.without_service} without service, {seen.without_environment} without environment"
    )
    for one in sets:
        say(f"  {printable(in_words(one))}")


def unresolved_as_dict(
    days: int, seen: "ResolvedShare", sets: "Sequence[LabelSet]"
) -> dict[str, object]:
    """The unresolved share in JSON; a contract."""
    return {
        "days": days,
        "alerts": seen.alerts,
        "unresolved": seen.unresolved,
        "share": round(seen.share, 4),
        "without_service": seen.without_service,
        "without_environment": seen.without_environment,
        "label_sets": [
            {
                "source": one.source,
                "missing": one.missing,
                "labels": list(one.labels),
                "alerts": one.alerts,
                "name": one.name,
                "example": dict(one.example),
            }
            for one in sets
        ],
    }


def source_as_dict(source: "Source") -> dict[str, object]:
    """One source in the JSON of the list; a contract."""
    from bot.alerts.sources.authentication import told

    return {
        "name": source.name,
        "title": source.title,
        "kind": "changes" if source.changes else "alerts",
        "origin": source.origin,
        "aliases": list(source.aliases),
        "authentication": [told(kind) for kind in source.kinds],
        "path": f"/v1/alerts/{source.name}",
    }


@app.command("try", short_help="Print the alerts that come out of a body.")
def try_(
    file: Path = typer.Argument(
        ..., metavar="FILE", help="A body as the tool sends it; - reads standard input."
    ),
    source: str | None = typer.Option(None, "--source", metavar="NAME", help="Whose body it is."),
    mapping: Path | None = typer.Option(
        None, "--mapping", metavar="FILE", help="A mapping file to read it with."
    ),
    json: bool = typer.Option(False, "--json", help="Print a JSON list on standard output."),
    config: Path = CONFIG_OPTION,
) -> None:
    """Print the alerts, or changes, that come out of a body; nothing is stored.

    Exits with 1 and the reason where none can.
    """
    from bot.alerts.sources import mapped_source
    from bot.cli.common import exit_on_error, fail

    if (source is None) == (mapping is None):
        raise typer.BadParameter("give --source NAME or --mapping FILE", param_hint="--source")
    with exit_on_error():
        chosen = mapped_source(mapping, str(mapping)) if mapping else _named(source or "", config)
        body = _body(file)
        found = _read(chosen, body)
    if not found:
        raise fail("no alert comes out of this body")
    if json:
        _print_list(found)
        return
    for one in found:
        _say(one)


def _named(name: str, config: Path | None) -> "Source":
    from bot.alerts.sources import all_sources, find_source
    from bot.cli.common import fail, read_settings

    sources = all_sources(read_settings(config).sources_dir)
    found = find_source(sources, name)
    if found is None:
        raise fail(f"there is no source {name!r}; `recall sources list` names them")
    return found


def _body(file: Path) -> bytes:
    import sys

    from bot.cli.common import fail

    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise fail(f"{file} cannot be read: {error.strerror or error}") from error


def _read(source: "Source", body: bytes) -> list[dict[str, Any]]:
    from bot.alerts.body import FORM, read_body
    from bot.alerts.intake import redacted

    is_form = source.is_form and body.lstrip()[:1] not in (b"{", b"[")
    value = read_body(body, FORM if is_form else "")
    if source.changes is not None:
        return [change_as_dict(change) for change in source.changes(value)]
    return [alert_as_dict(redacted(alert)) for alert in source.parse(value)]


def alert_as_dict(alert: "Alert") -> dict[str, Any]:
    """One alert in the JSON of `try`; a contract."""
    return {
        "source": alert.source,
        "fingerprint": alert.fingerprint,
        "name": alert.name,
        "severity": alert.severity.value,
        "status": alert.status.value,
        "starts_at": alert.starts_at.isoformat() if alert.starts_at else None,
        "ends_at": alert.ends_at.isoformat() if alert.ends_at else None,
        "summary": alert.summary,
        "description": alert.description,
        "labels": dict(alert.labels),
        "links": dict(alert.links),
        "group_key": alert.group_key,
    }


def change_as_dict(change: "Change") -> dict[str, Any]:
    """One change in the JSON of `try`; a contract."""
    return {
        "kind": "change",
        "source": change.source,
        "key": change.key,
        "service": change.service,
        "environment": change.environment,
        "version": change.version,
        "status": change.status.value,
        "at": change.at.isoformat() if change.at else None,
        "actor": change.actor,
        "summary": change.summary,
        "links": dict(change.links),
    }


def _print_list(found: Sequence[Mapping[str, Any]]) -> None:
    import json
    import sys

    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def _say(one: Mapping[str, Any]) -> None:
    from bot.cli.common import say

    say(f"{one.get('name') or one['service']}", "bold")
    for key, value in one.items():
        if isinstance(value, dict):
            for name, text in value.items():
                say(f"  {key}.{name}: {text}")
        elif value:
            say(f"  {key}: {value}")


@app.command("key", short_help="Make a key for RECALL_SECRET_KEY.")
def key() -> None:
    """Print a new key that seals what is written in the console. Keep it as safe as a password:
    without it, secrets in the database are lost."""
    from bot.secrets.sealing import new_key

    typer.echo(new_key())


@app.command("seal", short_help="Seal all kept secrets with the newest key.")
def seal(config: Path = CONFIG_OPTION) -> None:
    """Open every secret that was written in the console with any of the keys, and seal it with
    the first. After that the other keys are needed no more, but for older backups."""
    from bot.cli.common import actor_name, exit_on_error, open_database, read_settings, say
    from bot.clock import SystemClock
    from bot.people.model import Role
    from bot.source_secrets import open_sealing, open_secret_keeping

    settings = read_settings(config)
    with exit_on_error(), open_database(settings) as database:
        keeping = open_secret_keeping(settings, database, SystemClock(), open_sealing(settings))
        count = keeping.seal_anew(actor_name(), Role.ADMIN)
    say(f"Sealed anew: {count}.")
