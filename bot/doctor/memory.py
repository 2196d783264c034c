"""What Recall remembers with: database, audit record, model, index."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from bot.audit.reading import rows_of
from bot.audit.verify import verify
from bot.doctor.model import Check, ok, problem, warning
from bot.errors import RecallError
from bot.store import checkup
from bot.store.database import Database
from bot.store.schema import SchemaState
from knowledge.embed.port import Embedder
from knowledge.errors import CalibrationError, IndexInUse, KnowledgeError, ModelError
from knowledge.retrieve.calibration import read_calibration

_INDEX_LOGGER = "knowledge.index.projection"


def check_database(database: Database) -> Iterator[Check]:
    """Several checks; the last word is about the schema when that is not current."""
    try:
        state = database.schema_state()
        if state is SchemaState.EMPTY:
            yield warning(
                "database",
                f"{database.name} has no tables yet",
                "run `recall migrate`; `recall serve` does it too",
            )
            return
        yield _reachable(database)
        yield _schema(state)
        if state is SchemaState.CURRENT:
            yield _audit(database)
    except RecallError as error:
        yield problem("database", str(error), "see the message; `recall restore` reads a backup")


def _reachable(database: Database) -> Check:
    faults = checkup.integrity_faults(database)
    said = f"{database.name}: {checkup.description(database)}"
    if faults:
        return problem(
            "database",
            f"{said}; it is damaged: {'; '.join(faults)}",
            "stop recall and restore the newest backup into a new place",
        )
    checkup.try_to_write(database)
    if not checkup.uses_wal(database):
        return warning("database", said, "run `recall migrate`: it switches to write-ahead logging")
    return ok("database", f"{said}; it can be read and written")


def _schema(state: SchemaState) -> Check:
    if state is SchemaState.OLDER:
        return problem("schema", "it is older than this program", "run `recall migrate`")
    if state is SchemaState.NEWER:
        return problem("schema", "it is newer than this program", "use the newer version of recall")
    return ok("schema", "it is current")


def _audit(database: Database) -> Check:
    """The whole chain, a page at a time."""
    verdict = verify(rows_of(database))
    if not verdict.ok:
        return problem(
            "audit",
            f"event {verdict.broken_at}: {verdict.problem}",
            "keep a copy of the database and compare it with the last good backup",
        )
    cut = verdict.pruned
    pruned = f", pruned up to event {cut.checkpoint.seq:,}" if cut is not None else ""
    return ok("audit", f"the record is whole ({verdict.events:,} events{pruned})")


def check_model(load: Callable[[], Embedder]) -> tuple[Check, Embedder | None]:
    """Loads the model and embeds one text; the embedder is for the check of the index."""
    try:
        embedder = load()
        began = time.perf_counter()
        (vector,) = embedder.embed(["disk full on the database host"])
        took = (time.perf_counter() - began) * 1000
    except ModelError as error:
        return problem(
            "model", str(error), "see the message; the bundled one needs no setting"
        ), None
    generation = embedder.generation
    length = float(np.linalg.norm(vector))
    said = (
        f"digest {generation.model_digest[:12]}, {generation.dtype}, "
        f"{generation.dimension} dimensions, one text in {took:.0f} ms"
    )
    if not 0.999 < length < 1.001:
        return problem(
            "model", f"{said}; it gives vectors of length {length:.3f}", "use another model"
        ), None
    return ok("model", said), embedder


def check_index(database: Database, embedder: Embedder, folder: Path) -> Check:
    """Compares database and index; says so when a running engine owns the index."""
    from knowledge.index.generations import Generations
    from knowledge.index.projection import Projection

    generations = Generations(folder)
    home = generations.home(embedder.generation)
    if not generations.is_built(embedder.generation):
        others = [one.name for one in generations.list()]
        if others:
            return warning(
                "index",
                f"there is none for the model in force, only {', '.join(others)}",
                "run `recall index build` before the next start, which else waits for it",
            )
        return ok("index", "there is none yet; it is built from the database at the first start")
    projection = Projection(database.knowledge_source(), embedder, home)
    try:
        with _Remarks() as remarks:
            projection.open()
        try:
            differences = projection.check()
            size = len(projection)
        finally:
            projection.close()
    except IndexInUse:
        return ok("index", f"{home} is in use by a running engine, which keeps it in step")
    except (KnowledgeError, RecallError) as error:
        return problem("index", str(error), f"stop recall and remove {home}; it is built again")
    if differences:
        return problem(
            "index", "; ".join(differences), f"stop recall and remove {home}; it is built again"
        )
    if remarks.said:
        return warning("index", "; ".join(remarks.said), "nothing; it has been built again")
    return ok("index", f"{size:,} passages, the same as in the database")


def check_calibration(file: Path, embedder: Embedder) -> Check:
    """Whether the confidence is the team's own, and fits the model in force."""
    try:
        made = read_calibration(file, embedder.generation.model_digest)
    except CalibrationError as error:
        return warning(
            "calibration",
            f"{error}; it is not used",
            "run `recall calibrate` again, or `recall calibrate --reset`",
        )
    if not made.made_at:
        return ok("calibration", "the confidence is what Recall comes with")
    return ok(
        "calibration",
        f"fitted to {made.incidents.cases + made.runbooks.cases:,} judged cases on "
        f"{made.made_at[:10]}; past incidents answer from {made.incidents.threshold:.2f}, "
        f"runbooks from {made.runbooks.threshold:.2f}",
    )


class _Remarks(logging.Handler):
    """Keeps what the index says about itself while it is opened."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())

    def __enter__(self) -> "_Remarks":
        logging.getLogger(_INDEX_LOGGER).addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger(_INDEX_LOGGER).removeHandler(self)
