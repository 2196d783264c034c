"""The memory of this installation: the model in force, and the index for it."""

import logging
from contextlib import closing
from pathlib import Path

from bot.clock import SystemClock
from bot.errors import RecallError
from bot.settings import Settings
from bot.store.database import Database
from knowledge.child import ChildFailed, Progress, run_in_child
from knowledge.embed.port import Embedder
from knowledge.errors import CalibrationError, IndexDamaged, IndexInUse
from knowledge.index.generations import Generations
from knowledge.index.projection import Projection
from knowledge.model import Generation
from knowledge.retrieve.calibration import PRIOR, Calibration, read_calibration
from knowledge.retrieve.facts import FactsReader
from knowledge.retrieve.facts_file import FACTS_FILE, FactsFile
from knowledge.store.knowledge import KnowledgeStore

LARGE = 30_000
"""Passages from which the engine has its first index built in a process of its own."""

_TOLD_EVERY = 0.1

_log = logging.getLogger(__name__)


def load_model(name: str | None, data_dir: Path, adapter: Path | None = None) -> Embedder:
    """The embedding model in force, loaded and warmed up; a second or more, and torch with it.

    That is the one named in the settings; else the bundled one under the adapter that was
    promoted in this data folder, or that comes with Recall. `adapter` is taken in place of it.
    """
    from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder
    from knowledge.learn.registry import Registry

    chosen = adapter
    if chosen is None and name is None:
        chosen = Registry(data_dir).adapter()
    if chosen is not None:
        return SentenceTransformerEmbedder.load(adapter=chosen)
    return SentenceTransformerEmbedder.load(name)


def load_calibration(settings: Settings, generation: Generation) -> Calibration:
    """The calibration in force. One that does not fit the model is not used, and that is said."""
    try:
        return read_calibration(settings.calibration_file, generation.model_digest)
    except CalibrationError as error:
        _log.warning(
            "%s; the confidence that Recall comes with is used instead. "
            "Run `recall calibrate` again, or `recall calibrate --reset`.",
            error,
        )
        return PRIOR


def build_index(settings: Settings, adapter: Path | None = None, *, progress: Progress) -> None:
    """Build, or bring up to date, the index of the model in force; `adapter` is another one's.

    Vectors that the database lacks are made and stored on the way. `progress` is called with
    ("index", done, total). IndexInUse when a running engine serves this very generation, which
    it keeps up to date itself.
    """
    database = Database(settings.database, clock=SystemClock())
    try:
        database.require_current_schema()
        embedder = load_model(settings.model, settings.data_dir, adapter)
        source = database.knowledge_source()
        home = Generations(settings.index_dir).home(embedder.generation)
        with closing(FactsFile(home / FACTS_FILE)) as facts:
            projection = Projection(
                source,
                embedder,
                home,
                progress=lambda done, total: progress("index", done, total),
                follower=FactsReader(source, kept=facts),
            )
            projection.open()
            projection.close()
    except IndexInUse as error:
        raise IndexInUse(
            "a running engine serves this very index and keeps it up to date; there is nothing "
            "to build"
        ) from error
    finally:
        database.close()


def build_elsewhere(settings: Settings, adapter: Path | None = None, *, progress: Progress) -> None:
    """As `build_index`, in a process of its own at low priority, whose memory is given back.

    ChildFailed says why it could not be done.
    """
    run_in_child(build_index, settings, adapter, progress=progress, errors=(RecallError,))


def build_large_elsewhere(settings: Settings, store: KnowledgeStore) -> None:
    """Build the index of the model in force in another process, where it is a large one."""
    passages = store.counts()["passages"]
    if passages < LARGE:
        return
    _log.info("building the index of %d passages in a process of its own", passages)
    told = 0.0

    def tell(_stage: str, done: int, total: int) -> None:
        nonlocal told
        if done / total >= told + _TOLD_EVERY:
            told = done / total
            _log.info("the index has %d of %d passages", done, total)

    try:
        build_elsewhere(settings, progress=tell)
    except ChildFailed as error:
        raise IndexDamaged(f"the index could not be built: {error}") from error
