"""Where Recall lives: settings, data folder, disk, the webhook token, the service catalogue."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bot.actions.catalogue import load_actions
from bot.alerts.sources import all_sources
from bot.alerts.sources.secrets import load_secrets
from bot.catalogue import catalogue_of
from bot.doctor.model import Check, ok, problem, warning
from bot.errors import RecallError, SettingsError
from bot.settings import Settings

_LEAST_FREE = 256 * 1024**2
_LITTLE_FREE = 2 * 1024**3
_SHORT_TOKEN = 16


def check_settings(problems: list[str]) -> Check:
    if problems:
        return problem(
            "settings", "; ".join(problems), "correct each of them; see docs/contracts.md"
        )
    return ok("settings", "every setting can be used")


def check_place(settings: Settings) -> Iterator[Check]:
    yield _folder(settings.data_dir)
    yield _disk(settings.data_dir)
    yield _token(settings)
    if settings.services_file is not None or settings.backstage_path is not None:
        yield _services(settings)
    if settings.sources_dir is not None or settings.source_secrets is not None:
        yield _sources(settings)
    if settings.actions_dir is not None:
        yield _actions(settings.actions_dir, settings.oidc_issuer)


def _folder(folder: Path) -> Check:
    if not folder.exists():
        above = _nearest(folder)
        if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
            return ok("data folder", f"{folder} will be made at the first start")
        return problem(
            "data folder", f"{folder} cannot be made in {above}", "set RECALL_DATA_DIR elsewhere"
        )
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
            pass
    except OSError as error:
        return problem(
            "data folder",
            f"{folder} cannot be written: {error.strerror or error}",
            "make it writable for the user that runs recall, or set RECALL_DATA_DIR",
        )
    return ok("data folder", f"{folder} can be written")


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(_nearest(folder)).free
    said = f"{free / 1024**3:.1f} GiB free"
    if free < _LEAST_FREE:
        return problem("disk", said, "free some space: alerts are refused when the disk is full")
    if free < _LITTLE_FREE:
        return warning("disk", said, "free some space soon")
    return ok("disk", said)


def _token(settings: Settings) -> Check:
    if settings.webhook_token is None:
        return warning(
            "webhook token",
            "none is set, so webhooks and the API are closed",
            "set RECALL_WEBHOOK_TOKEN, for example to the output of `openssl rand -hex 32`",
        )
    if len(settings.webhook_token.get_secret_value()) < _SHORT_TOKEN:
        return warning(
            "webhook token",
            f"it is set but shorter than {_SHORT_TOKEN} characters",
            "use a longer one, for example the output of `openssl rand -hex 32`",
        )
    return ok("webhook token", "it is set")


def _services(settings: Settings) -> Check:
    try:
        catalogue_of(settings)
    except RecallError as error:
        return problem("services", str(error), "correct the file; see docs/contracts.md")
    read = [str(path) for path in (settings.services_file, settings.backstage_path) if path]
    return ok("services", f"{' and '.join(read)} can be read")


def _sources(settings: Settings) -> Check:
    advice = "correct each of them; see docs/sources.md"
    try:
        sources = all_sources(settings.sources_dir)
        secrets = load_secrets(settings.source_secrets, sources)
    except SettingsError as error:
        return problem("sources", "; ".join(error.problems), advice)
    path = settings.source_secrets
    if path is not None and path.stat().st_mode & 0o077:
        return warning(
            "sources", f"{path} can be read by others", f"make it private: chmod 600 {path}"
        )
    return ok("sources", f"{len(sources)} are known, {len(secrets)} have secrets of their own")


def _actions(folder: Path, oidc_issuer: str) -> Check:
    try:
        templates = load_actions(folder).templates
    except RecallError as error:
        return problem("actions", str(error), "correct the files; `recall actions check` helps")
    in_console = sorted(
        one.id for one in templates.values() if one.approvals and one.approve_in == "console"
    )
    if in_console and not oidc_issuer:
        return warning(
            "actions",
            f"nobody can approve {', '.join(in_console)}: approve_in is console, and there is no "
            "single sign-on",
            "set RECALL_OIDC_ISSUER and what belongs to it, or take `approve_in: console` out",
        )
    return ok("actions", f"{len(templates)} templates in {folder} can be used")


def _nearest(folder: Path) -> Path:
    """The folder itself or the nearest one above it that exists."""
    return next(place for place in (folder.resolve(), *folder.resolve().parents) if place.exists())
