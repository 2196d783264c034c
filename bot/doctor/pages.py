"""Whether the actions that runbooks name are there to be offered."""

from collections.abc import Iterator

from bot.actions.catalogue import read_actions
from bot.doctor.model import Check, ok, warning
from bot.errors import RecallError
from bot.settings import Settings
from bot.store.database import Database
from knowledge.model import DocumentKind, Runbook
from knowledge.text.named_actions import named_actions

_SHOWN = 5


def check_named_actions(database: Database, settings: Settings) -> Iterator[Check]:
    """Nothing where no catalogue is set up. A page that names an action which the catalogue lacks
    is served all the same; that action is not offered."""
    if settings.actions_dir is None:
        return
    try:
        known = read_actions(settings.actions_dir)[0].templates
    except RecallError:
        return  # the check of the catalogue says what is wrong
    pages = [
        page
        for page in database.knowledge_source().list(DocumentKind.RUNBOOK)
        if isinstance(page, Runbook) and page.state.is_served
    ]
    named = [(page.id, one.template) for page in pages for one in named_actions(page)]
    missing = [f"{page}: {name}" for page, name in named if name not in known]
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        yield warning(
            "actions of runbooks",
            f"the catalogue lacks what pages name: {', '.join(missing[:_SHOWN])}{more}",
            "write the templates, or correct the pages; `recall stale` lists them all",
        )
    elif named:
        yield ok("actions of runbooks", f"{len(named)} are named, and all are in the catalogue")
