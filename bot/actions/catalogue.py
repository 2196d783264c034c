"""Reading the actions folder: templates, the inventory of hosts, and the freeze calendar."""

import logging
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, Field, ValidationError, model_validator

from bot.actions.digest import digest_of
from bot.actions.parameters import fits_object
from bot.actions.playbooks import PLAYBOOKS, files_of, playbooks_digest
from bot.actions.template import ActionTemplate
from bot.errors import DataError
from bot.strict_yaml import NotYaml, Place, Written, parse, read_text
from bot.suggestions.model import Value

_log = logging.getLogger(__name__)

INVENTORY = "inventory.yaml"
CALENDAR = "freeze.yaml"
_MOST_FILES = 1_000
M = TypeVar("M", bound=BaseModel)


_OBJECT = r"^(node/[a-z0-9.*-]{1,253}|[a-z]{3,20}/[a-z0-9-]{1,63}/[a-z0-9.*-]{1,253})$"


class Inventory(Value):
    """The hosts and the Kubernetes objects that templates may name. An object is
    `kind/namespace/name` or `node/name`; a `*` in its name stands for letters, digits and
    dashes."""

    hosts: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$")], ...] = ()
    objects: tuple[Annotated[str, Field(pattern=_OBJECT)], ...] = ()

    def has_object(self, named: str) -> bool:
        """Whether that very object may be named."""
        return fits_object(named, self.objects)


class Freeze(Value):
    """A time in which nothing may be run in `environments` (all where none are named)."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    start: AwareDatetime
    end: AwareDatetime
    environments: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> "Freeze":
        if self.end <= self.start:
            raise ValueError("`end` must be after `start`")
        return self


class Calendar(Value):
    freezes: tuple[Freeze, ...] = ()


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong in a file of the folder; `line` from 1."""

    file: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"


@dataclass(frozen=True, slots=True)
class ActionCatalogue:
    """What may be run. Empty is fine: then nothing may."""

    templates: Mapping[str, ActionTemplate] = field(default_factory=dict)
    inventory: Inventory = field(default_factory=Inventory)
    calendar: Calendar = field(default_factory=Calendar)
    playbooks: str = ""
    """The digest of the folder of playbooks; "" where there is none."""

    def digest(self, template_id: str) -> str:
        """SHA-256 over one template as it is now; "" where there is none."""
        template = self.templates.get(template_id)
        return digest_of(template.model_dump(mode="json")) if template is not None else ""


def load_actions(folder: Path | None) -> ActionCatalogue:
    """The catalogue in `folder`; an empty one for None. Raises DataError with every mistake."""
    if folder is None:
        return ActionCatalogue()
    catalogue, mistakes = read_actions(folder)
    if mistakes:
        raise DataError("\n".join(map(str, mistakes)))
    return catalogue


def read_actions(folder: Path) -> tuple[ActionCatalogue, Sequence[Mistake]]:
    """(what could be read, every mistake in the order of files and lines). Raises DataError
    when the folder itself cannot be read."""
    try:
        paths = sorted(
            path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and path.is_file()
        )
    except OSError as error:
        raise DataError(f"the actions folder {folder} cannot be read: {error}") from None
    if len(paths) > _MOST_FILES:
        raise DataError(f"the actions folder {folder} has more than {_MOST_FILES} files")
    reading = _Reading()
    for path in paths:
        if path.name == INVENTORY:
            reading.inventory = reading.read(path, Inventory) or reading.inventory
        elif path.name == CALENDAR:
            reading.calendar = reading.read(path, Calendar) or reading.calendar
        else:
            reading.template(path)
    reading.check_rollbacks()
    reading.check_playbooks(folder / PLAYBOOKS)
    catalogue = ActionCatalogue(
        reading.templates, reading.inventory, reading.calendar, reading.playbooks
    )
    return catalogue, sorted(reading.mistakes, key=lambda one: (one.file, one.line))


class CatalogueFolder:
    """The catalogue of a folder as it is on disk at the moment it is asked for, so that an edit
    counts at once. What has a mistake is left out, and is told in the log."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._seen: object = None
        self._catalogue = ActionCatalogue()
        self._lock = threading.Lock()

    def current(self) -> ActionCatalogue:
        """Reads the folder again when something in it has changed."""
        if self._folder is None:
            return self._catalogue
        with self._lock:
            seen = self._look()
            if seen != self._seen:
                self._catalogue = self._read()
                self._seen = seen
            return self._catalogue

    def _look(self) -> object:
        assert self._folder is not None
        try:
            with os.scandir(self._folder) as entries:
                found = [(one.name, one.stat()) for one in entries]
            books = self._folder / PLAYBOOKS
            found += [(str(one), one.stat()) for one in files_of(books)]
        except (OSError, DataError) as error:
            return str(error)
        return sorted((name, at.st_mtime_ns, at.st_size, at.st_ino) for name, at in found)

    def _read(self) -> ActionCatalogue:
        assert self._folder is not None
        try:
            catalogue, mistakes = read_actions(self._folder)
        except DataError as error:
            _log.error("%s; nothing can be run", error)
            return ActionCatalogue()
        for mistake in mistakes:
            _log.error("an action template is left out: %s", mistake)
        return catalogue


class _Reading:
    """Everything found so far."""

    def __init__(self) -> None:
        self.templates: dict[str, ActionTemplate] = {}
        self.inventory = Inventory()
        self.calendar = Calendar()
        self.mistakes: list[Mistake] = []
        self.playbooks = ""
        self._where: dict[str, tuple[str, Written]] = {}

    def template(self, path: Path) -> None:
        read = self.read(path, ActionTemplate)
        if read is None:
            return
        name, written = self._where[str(path)]
        other = next((w for i, w in self._where.items() if i == f"id:{read.id}"), None)
        if other is not None:
            line = written.line_of(("id",))
            self.mistakes.append(
                Mistake(name, line, f"the id {read.id!r} is in {other[0]} already")
            )
            return
        self._where[f"id:{read.id}"] = (name, written)
        self.templates[read.id] = read

    def read(self, path: Path, model: type[M]) -> M | None:
        name = str(path)
        try:
            written = parse(read_text(path), name)
        except NotYaml as error:
            self.mistakes.append(Mistake(name, error.line, error.problem))
            return None
        except DataError as error:
            self.mistakes.append(Mistake(name, 1, str(error)))
            return None
        self._where[name] = (name, written)
        if not isinstance(written.content, dict):
            self.mistakes.append(Mistake(name, 1, "a mapping of keys to values is expected"))
            return None
        try:
            return model.model_validate(written.content)
        except ValidationError as error:
            self.mistakes += [_mistake(name, written, one) for one in error.errors()]
            return None

    def check_rollbacks(self) -> None:
        for template in self.templates.values():
            back = template.rollback
            if back is None:
                continue
            name, written = self._where[f"id:{template.id}"]
            other = self.templates.get(back.template)
            if other is None:
                place: Place = ("rollback", "template")
                problem = f"the rollback {back.template!r} is no template of this folder"
                self.mistakes.append(Mistake(name, written.line_of(place), problem))
                continue
            wanted = {one.name for one in other.parameters}
            if wanted != set(back.parameters):
                problem = (
                    f"the rollback {other.id} takes {', '.join(sorted(wanted)) or 'nothing'}, "
                    f"but is given {', '.join(sorted(back.parameters)) or 'nothing'}"
                )
                line = written.line_of(("rollback", "parameters"))
                self.mistakes.append(Mistake(name, line, problem))

    def check_playbooks(self, folder: Path) -> None:
        try:
            self.playbooks = playbooks_digest(folder)
        except DataError as error:
            self.mistakes.append(Mistake(str(folder), 1, str(error)))
        for template in self.templates.values():
            block = template.ansible
            if block is None:
                continue
            name, written = self._where[f"id:{template.id}"]
            for key, file in (("playbook", block.playbook), ("inventory", block.inventory)):
                if not (folder / file).is_file():
                    line = written.line_of(("ansible", key))
                    problem = f"ansible.{key}: there is no {file} in {folder}"
                    self.mistakes.append(Mistake(name, line, problem))


_PLAIN = {
    "extra_forbidden": "is no key that is known here",
    "missing": "is missing",
}


def _mistake(name: str, written: Written, error: Any) -> Mistake:
    # A union's branches stand in the location too; they are no part of the file.
    place = tuple(part for part in error["loc"] if part not in ("Command", "Http", "bool", "[key]"))
    message = _PLAIN.get(str(error["type"])) or str(error["msg"]).removeprefix("Value error, ")
    key = ".".join(map(str, place))
    return Mistake(name, written.line_of(place), f"{key}: {message}" if key else message)
