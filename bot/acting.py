"""Composition of actions: the book that every process reads, and the runner."""

import os
import ssl
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from bot.actions.book import ActionBook
from bot.actions.catalogue import CatalogueFolder
from bot.actions.executors import EXECUTORS, RunnerRules
from bot.actions.executors.hosts import HostGate
from bot.catalogue import catalogue_of
from bot.clock import Clock, SystemClock
from bot.errors import SettingsError
from bot.people.model import RoleBook
from bot.people.same import SamePeople
from bot.redact import redact
from bot.runner.credentials import credentials
from bot.runner.parts import RunnerParts
from bot.runner.runner import Runner
from bot.settings import Settings
from bot.store.database import Database


def build_book(settings: Settings, roles: RoleBook | None = None) -> ActionBook:
    """The catalogue as it is on disk now, and who is who; `roles` are the configured ones where
    nobody knows better. Raises DataError."""
    return ActionBook(
        source=CatalogueFolder(settings.actions_dir).current,
        services=tuple(catalogue_of(settings).services),
        roles=roles or RoleBook(settings.leads, settings.admins),
        same=SamePeople(group.split("=") for group in settings.same_people),
        approvers=(*settings.leads, *settings.admins),
    )


def build_runner(
    settings: Settings,
    database: Database,
    clock: Clock,
    environment: Mapping[str, str],
    **changes: Any,
) -> Runner:
    """A runner on that database, with the credentials of `environment`. `changes` replace parts
    of it, for tests. Raises DataError or SettingsError."""
    try:
        gate = HostGate(settings.runner_hosts)
    except ValueError as error:
        raise SettingsError([f"RECALL_RUNNER_HOSTS: {error}"]) from None
    verify: ssl.SSLContext | bool = True
    if settings.ca_bundle is not None:
        verify = ssl.create_default_context(cafile=str(settings.ca_bundle))
    rules = RunnerRules(
        commands=settings.runner_commands,
        gate=gate,
        verify=verify,
        folder=settings.actions_dir,
    )
    values: dict[str, Any] = {
        "units": database,
        "book": build_book(settings),
        "executors": {name: make(rules) for name, make in EXECUTORS.items()},
        "clock": clock,
        "redact": redact,
        "secrets": credentials(environment),
        "name": f"runner:{os.uname().nodename[:40]}:{uuid.uuid4().hex[:8]}",
        "lease_seconds": float(settings.runner_lease_seconds),
    }
    return Runner(RunnerParts(**(values | changes)))


@contextmanager
def open_runner(settings: Settings, environment: Mapping[str, str]) -> Iterator[Runner]:
    """A runner with everything it stands on. Raises SchemaMismatch and what `build_runner` does."""
    clock = SystemClock()
    with ExitStack() as opened:
        database = Database(settings.database, clock=clock)
        opened.callback(database.close)
        database.require_current_schema()
        yield build_runner(settings, database, clock, environment)
