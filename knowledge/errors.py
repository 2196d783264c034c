"""Errors of the remembering half; each says what is wrong and what to do about it.

KnowledgeError
├── BadDocument        a runbook or incident record that cannot be read
├── ModelError         the embedding model is missing, damaged, or not the one pinned
├── IndexDamaged       an index file does not fit its digest (it is rebuilt from the database)
├── IndexInUse         another process owns the index folder
├── GenerationMismatch vectors or an index of another model or text version
├── CalibrationError   a team's calibration is unusable, or of another model
├── Unpublishable      an edit that cannot be published as it is
├── UnknownGeneration  an index is named that is not there
├── Cancelled          whoever asked for long work does not want it any more
└── ChildFailed        long work in another process failed (`knowledge.child`)
"""


class KnowledgeError(Exception):
    """Base of all errors that `knowledge` raises on purpose."""


class BadDocument(KnowledgeError):
    """A runbook or incident record that cannot be read; `line`, from 1, where that is known."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.line = line


class ModelError(KnowledgeError):
    """The embedding model is missing, damaged, or not the one that was pinned."""


class IndexDamaged(KnowledgeError):
    """An index on disk does not fit its manifest or digest."""


class IndexInUse(KnowledgeError):
    """Another process owns the index folder; one folder has one writer."""


class CalibrationError(KnowledgeError):
    """A calibration that cannot be read, or was made with another model or version."""


class UnknownGeneration(KnowledgeError):
    """No index of that name is in the folder."""


class GenerationMismatch(KnowledgeError):
    """Vectors or an index that were made by another model or text version."""


class Unpublishable(KnowledgeError):
    """An edit of a runbook that cannot be published as it is; says what to do first."""


class Cancelled(KnowledgeError):
    """Long work that was stopped, because whoever asked for it does not want it any more."""
