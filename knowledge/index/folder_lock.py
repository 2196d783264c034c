"""Exclusive ownership of an index folder, given back by the system when the owner dies."""

import fcntl
import os
from pathlib import Path

from knowledge.errors import IndexInUse

_NAME = "lock"


class FolderLock:
    """A flock on `<folder>/lock`, held from `acquire` to `release`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None

    def acquire(self) -> None:
        """Raises IndexInUse when somebody else holds it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self._folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(file)
            raise IndexInUse(
                f"the index in {self._folder} is in use by another process; stop it, or give "
                "this one a data folder of its own"
            ) from error
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
