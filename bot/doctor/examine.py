"""All checks, in the order in which one depends on another."""

from collections.abc import Callable, Iterator
from pathlib import Path

from bot.clock import Clock
from bot.doctor.catalogue import check_resolved
from bot.doctor.chat import check_slack
from bot.doctor.memory import check_calibration, check_database, check_index, check_model
from bot.doctor.model import Check, ok
from bot.doctor.pages import check_named_actions
from bot.doctor.place import check_place, check_settings
from bot.doctor.upkeep import check_upkeep
from bot.errors import SettingsError
from bot.settings import Settings
from bot.store.database import Database
from knowledge.embed.port import Embedder

LoadModel = Callable[[], Embedder]


def examine(
    settings: Settings, index_folder: Path, load_model: LoadModel, clock: Clock
) -> Iterator[Check]:
    """Run every check, yielding each as soon as it is known. Changes nothing of value."""
    yield check_settings([])
    yield from check_place(settings)
    try:
        database = Database(settings.database, clock=clock)
    except SettingsError as error:
        yield check_settings(error.problems)
        return
    try:
        usable = False
        for check in check_database(database):
            # The audit record is looked at last, and only where all before it is in order.
            usable = check.name == "audit"
            yield check
        check, embedder = check_model(load_model)
        yield check
        if not usable:
            yield ok("index", "not compared: there is no database to compare it with")
        elif embedder is not None:
            yield check_index(database, embedder, index_folder)
            yield check_calibration(settings.calibration_file, embedder)
        if usable:
            yield from check_named_actions(database, settings)
            yield from check_upkeep(database, settings)
            yield from check_resolved(database, clock)
    finally:
        database.close()
    yield from check_slack(settings)
