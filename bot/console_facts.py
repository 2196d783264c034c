"""What is set and what is in files, as the console's settings tell it. No secret is ever read out:
of each source it is only said whether there is one."""

from collections.abc import Mapping

from bot.actions.catalogue import ActionCatalogue, CatalogueFolder
from bot.alerts.noise import Matcher
from bot.alerts.noise_file import load_noise_rules
from bot.alerts.sources import all_sources
from bot.alerts.sources.secrets import load_secrets
from bot.errors import DataError, SettingsError
from bot.settings import Settings

Facts = Mapping[str, Mapping[str, str]]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def facts_of(settings: Settings, kept: Mapping[str, int] | None = None) -> Facts:
    """By heading, what is told by name. What a file says wrongly is told in its place. `kept` is
    how many secrets of a source were written in the console."""
    return {
        "Sources": _sources(settings, kept or {}),
        "Roles": {
            "Leads": ", ".join(settings.leads) or "none",
            "Administrators": ", ".join(settings.admins) or "none",
            "Leads for low risk, by user group": ", ".join(settings.lead_groups) or "none",
            "May break the glass": ", ".join(settings.break_glass) or "nobody",
            "Approved in the console alone": ", ".join(settings.approve_in_console)
            or "what a template says",
            "Single sign-on": settings.oidc_issuer or "off: by one-time links only",
            "Its responders": ", ".join(settings.oidc_responders) or "none named",
            "Its leads": ", ".join(settings.oidc_leads) or "none named",
            "Its administrators": ", ".join(settings.oidc_admins) or "none named",
        },
        "Noise rules of the file": _noise(settings),
        "Chat": {
            "Slack": settings.slack_mode,
            "Where nothing is chosen": settings.rollout,
            "Shadow channel": settings.shadow_channel or "none",
        },
    }


def actions_in(folder: CatalogueFolder | None) -> ActionCatalogue | None:
    """What may be run, for reading; None where there is no folder, or while it cannot be read,
    which the runner and `recall actions check` tell in full."""
    if folder is None:
        return None
    try:
        return folder.current()
    except DataError:
        return None


def _sources(settings: Settings, kept: Mapping[str, int]) -> Mapping[str, str]:
    """A row a tool. A secret is written into its file or variable, and shown nowhere."""
    try:
        sources = all_sources(settings.sources_dir)
        secrets = load_secrets(settings.source_secrets, sources)
    except (SettingsError, DataError) as error:
        return {"Not readable": str(error)}
    has_token = settings.webhook_token is not None
    rows = {"Bearer token for all": "set" if has_token else "not set"}
    others: list[str] = []
    for source in sorted(set(sources.values()), key=lambda one: (one.title or one.name).lower()):
        own = len(secrets.get(source.name, ())) or kept.get(source.name, 0)
        if own == 0:
            others.append(source.title or source.name)
        else:
            told = "1 secret of its own is set" if own == 1 else f"{own} secrets of its own are set"
            rows[source.title or source.name] = told
    rows["Opened by the bearer token alone" if has_token else "Closed"] = ", ".join(others)
    return rows


def _noise(settings: Settings) -> Mapping[str, str]:
    try:
        rules = load_noise_rules(settings.noise_file)
    except DataError as error:
        return {"Not readable": str(error)}
    rows: dict[str, str] = {}
    for silence in rules.silences:
        until = f", until {silence.until:%Y-%m-%d %H:%M} UTC" if silence.until else ""
        rows[f"Silent: {_about(silence.about)}"] = f"{silence.reason}{until}"
    for window in rules.maintenance:
        days = ", ".join(_DAYS[day] for day in sorted(window.days)) or "every day"
        minutes = int(window.length.total_seconds() // 60)
        rows[f"Maintenance: {_about(window.about)}"] = (
            f"{window.reason}, {days} from {window.start:%H:%M} ({window.zone}) for {minutes} min"
        )
    for minimum in rules.minimums:
        minutes = int(minimum.within.total_seconds() // 60)
        rows[f"Only from a number on: {_about(minimum.about)}"] = (
            f"{minimum.count} within {minutes} min"
        )
    if rules.inhibit_dependents:
        rows["Dependents"] = "held back while what they depend on has an incident"
    return rows or {"Rules": f"none in {settings.noise_file}" if settings.noise_file else "no file"}


def _about(matcher: Matcher) -> str:
    named = {
        "name": matcher.name,
        "service": matcher.service,
        "environment": matcher.environment,
        **matcher.labels,
    }
    return ", ".join(f"{name} {pattern}" for name, pattern in named.items() if pattern)
