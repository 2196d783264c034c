"""The counts of this installation, put together from its settings."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bot.actions.catalogue import CatalogueFolder
from bot.catalogue import catalogue_of
from bot.clock import Clock
from bot.console_facts import actions_in
from bot.counts.counting import Counts, Tick, counting_tick
from bot.counts.looked import Beside
from bot.drafts.coverage import Gaps
from bot.drafts.finding import Finding, finding_tick
from bot.drafts.misplaced import Misplaced, misplaced_tick
from bot.settings import Settings
from bot.uow import UnitOfWorkFactory
from knowledge.errors import BadDocument
from knowledge.loaders import prometheus_rules
from knowledge.loaders.files import read_capped
from knowledge.model import Document, DocumentKind, Runbook

Documents = Callable[[DocumentKind], Sequence[Document]]
"""All documents of one kind, in any state."""

_RULE_FILES = ("*.yml", "*.yaml")


def open_counts(
    settings: Settings, units: UnitOfWorkFactory, clock: Clock, documents: Documents
) -> Counts:
    folder = CatalogueFolder(settings.actions_dir) if settings.actions_dir else None

    def beside() -> Beside:
        catalogue = catalogue_of(settings)
        actions = actions_in(folder)
        people = None
        if settings.people_file is not None:
            teams = (one.owner for one in catalogue.services.values())
            people = frozenset([*people_in(settings.people_file), *filter(None, teams)])
        return Beside(
            rules=tuple(
                rule
                for path in settings.alert_rules
                for file in rule_files(path)
                for rule in prometheus_rules.load(file)
            ),
            catalogue=catalogue,
            people=people,
            actions=frozenset(actions.templates) if actions is not None else None,
        )

    gaps = Gaps(units, clock, pages=lambda: runbooks_of(documents))
    return Counts(units, clock, gaps, beside, settings.noise_limit)


def counting_ticks(
    settings: Settings, units: UnitOfWorkFactory, clock: Clock, documents: Documents
) -> list[Tick]:
    """What the engine counts and looks for, every so many seconds."""
    finding = Finding(units, clock, lambda: runbooks_of(documents))
    misplaced = Misplaced(units, clock, catalogue_of(settings).depends)
    return [
        counting_tick(open_counts(settings, units, clock, documents)),
        finding_tick(finding),
        misplaced_tick(misplaced),
    ]


def runbooks_of(documents: Documents) -> list[Runbook]:
    """In any state."""
    found = documents(DocumentKind.RUNBOOK)
    return [one for one in found if isinstance(one, Runbook)]


def rule_files(path: Path) -> list[Path]:
    """The file itself, or the YAML files of a folder, in order."""
    if not path.is_dir():
        return [path]
    return sorted(file for pattern in _RULE_FILES for file in path.glob(pattern))


def people_in(path: Path) -> list[str]:
    """Who may own a page: a name a line, # begins a remark. Raises BadDocument with the reason."""
    try:
        lines = read_capped(path).decode("utf-8-sig").splitlines()
    except (BadDocument, UnicodeDecodeError) as error:
        raise BadDocument(f"{path.name} cannot be read: {error}") from error
    names = (line.strip() for line in lines)
    return [name for name in names if name and not name.startswith("#")]
