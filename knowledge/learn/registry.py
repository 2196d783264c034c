"""The models a team has: candidates that were trained, the one in force, and the way back.

A folder `models` in the data folder holds one folder an adapter, named by its digest, with the
adapter and `facts.json`; `current` names the one in force, and `history` those before it. Without
`current` the adapter that comes with Recall is in force.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.embed import adapter as adapters
from knowledge.errors import ModelError
from knowledge.index.files import write_atomically

SHIPPED = "shipped"
_NAME = 16
_ADAPTER, _FACTS = "adapter.safetensors", "facts.json"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One trained adapter. `facts` has when and from what it was made and how it did; `passed`
    says whether it beat the model that was in force then."""

    name: str
    path: Path
    facts: dict[str, Any]

    @property
    def passed(self) -> bool:
        return bool(self.facts.get("passed"))


class Registry:
    """The models below one data folder. Changes are atomic: a crash leaves the old or the new."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "models"

    def add(self, made: Path, facts: dict[str, Any]) -> Candidate:
        """Take the adapter file `made` in (it is copied); the same one again replaces its facts."""
        found = adapters.read(made)
        name = found.digest[:_NAME]
        home = self._folder / name
        home.mkdir(parents=True, exist_ok=True)
        new = home / f"{_ADAPTER}.new"
        shutil.copyfile(made, new)
        new.replace(home / _ADAPTER)
        write_atomically(home / _FACTS, json.dumps(facts, indent=1, sort_keys=True).encode())
        return Candidate(name, home / _ADAPTER, facts)

    def candidates(self) -> list[Candidate]:
        """All candidates, the oldest first; a folder that lacks a part is none."""
        found = []
        for facts in sorted(self._folder.glob(f"*/{_FACTS}")):
            if (facts.parent / _ADAPTER).is_file():
                value = json.loads(facts.read_text(encoding="utf-8"))
                found.append(Candidate(facts.parent.name, facts.parent / _ADAPTER, value))
        return sorted(found, key=lambda one: (str(one.facts.get("made_at", "")), one.name))

    @property
    def current(self) -> str:
        """The name of the model in force; `SHIPPED` for the one that comes with Recall."""
        try:
            return (self._folder / "current").read_text(encoding="utf-8").strip() or SHIPPED
        except FileNotFoundError:
            return SHIPPED

    def adapter(self) -> Path | None:
        """The adapter file in force; None is the shipped one. ModelError when it is gone."""
        name = self.current
        if name == SHIPPED:
            return None
        path = self._folder / name / _ADAPTER
        if not path.is_file() or adapters.read(path).digest[:_NAME] != name:
            raise ModelError(
                f"the model in force ({name}) is missing or was changed; go back with "
                "`recall models rollback`, or restore the folder `models` from a backup"
            )
        return path

    def find(self, name: str) -> Candidate:
        """The one candidate whose name begins so; ModelError when it is none or several."""
        chosen = [one for one in self.candidates() if name and one.name.startswith(name)]
        if len(chosen) != 1:
            raise ModelError(
                f"{'no' if not chosen else 'more than one'} model is named {name!r}; "
                "`recall models list` shows them"
            )
        return chosen[0]

    def promotable(self, name: str) -> Candidate:
        """The candidate, if it may be put in force; ModelError for one that did not pass."""
        chosen = self.find(name)
        if not chosen.passed:
            raise ModelError(
                f"{chosen.name} did not beat the model in force when it was trained: "
                f"{chosen.facts.get('verdict', 'no verdict')}"
            )
        return chosen

    def promote(self, name: str) -> Candidate:
        """Put a candidate in force. ModelError for one that is unknown or did not pass."""
        chosen = self.promotable(name)
        if chosen.name != self.current:
            self._write_history([*self._history(), self.current])
            self._point(chosen.name)
        return chosen

    def rollback(self) -> str:
        """Go back to the model before; its name. ModelError when there is none."""
        history = self._history()
        if not history:
            raise ModelError("there is no model to go back to: none was ever promoted")
        self._point(history[-1])
        self._write_history(history[:-1])
        return history[-1]

    def _history(self) -> list[str]:
        try:
            return (self._folder / "history").read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []

    def _write_history(self, names: list[str]) -> None:
        write_atomically(self._folder / "history", "\n".join(names).encode())

    def _point(self, name: str) -> None:
        write_atomically(self._folder / "current", f"{name}{os.linesep}".encode())
