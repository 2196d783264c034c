"""Indexes of several generations side by side in one folder, and which of them was served last.

Each generation has a folder of its own, named after it, so that a new model's or text version's
index is built while the old one is being searched, and a way back costs nothing. Which one is
served follows from the model in force: that is the one pointer.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from knowledge.errors import IndexDamaged, IndexInUse, UnknownGeneration
from knowledge.index.files import MANIFEST, read_manifest, write_atomically
from knowledge.index.folder_lock import FolderLock
from knowledge.model import Generation

_LAST = "served"
_UNSORTED = ("manifest.json", "vectors", "lexical", "lock")
"""What indexes left in the folder itself before generations had folders of their own."""


@dataclass(frozen=True, slots=True)
class Built:
    """The index of one generation. `applied_seq` is how far it follows the log of changes.

    `passages` and `applied_seq` are None while it is not complete, or is damaged.
    """

    name: str
    passages: int | None
    applied_seq: int | None
    bytes: int
    is_served: bool


class Generations:
    """The indexes in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def home(self, generation: Generation) -> Path:
        """Where the index of a generation is, or is to be."""
        return self._folder / generation.name

    def is_built(self, generation: Generation) -> bool:
        return (self.home(generation) / MANIFEST).exists()

    def serve(self, generation: Generation) -> None:
        """Remember that this one is served now."""
        write_atomically(self._folder / _LAST, generation.name.encode())
        for name in _UNSORTED:
            path = self._folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    @property
    def served(self) -> str:
        """The name of the generation that was served last, "" when none was."""
        try:
            return (self._folder / _LAST).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""

    def list(self) -> list[Built]:
        """All that there are, by name."""
        homes = [] if not self._folder.exists() else sorted(self._folder.iterdir())
        return [self._built(one) for one in homes if one.is_dir() and one.name not in _UNSORTED]

    def remove(self, name: str) -> Built:
        """Delete an index that is not served; it can be built again from the database.

        UnknownGeneration for one that is not here, IndexInUse for the one that was served last
        or that a process holds open.
        """
        found = next((one for one in self.list() if one.name == name), None)
        if found is None:
            raise UnknownGeneration(
                f"there is no index named {name!r}; `recall index list` shows them"
            )
        if found.is_served:
            raise IndexInUse(
                f"{name} is the index that is served; put another model in force first"
            )
        lock = FolderLock(self._folder / name)
        lock.acquire()
        try:
            shutil.rmtree(self._folder / name)
        finally:
            lock.release()
        return found

    def _built(self, home: Path) -> Built:
        size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
        try:
            facts = read_manifest(home)
            passages, seq = int(facts["passages"]), int(facts["applied_seq"])
        except (IndexDamaged, KeyError, ValueError, TypeError):
            return Built(home.name, None, None, size, home.name == self.served)
        return Built(home.name, passages, seq, size, home.name == self.served)
