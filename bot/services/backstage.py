"""Reading Backstage's `catalog-info.yaml` files: what runs, who owns it, what leans on what.

Components and Resources are services; a System gives its owner to those of its parts that name
none. Other kinds are left out, and so is every field that says nothing of these.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import DataError
from bot.services.labels import SERVICE_LABELS
from bot.services.model import Service
from bot.strict_yaml import Place, Written, parse_all, read_text

FILES = ("catalog-info.yaml", "catalog-info.yml")
MOST_FILES = 2_000
_PARTS = ("Component", "Resource")
_SYSTEM = "System"
_NAMES = (
    "pagerduty.com/service-id",
    "pagerduty.com/service-name",
    "backstage.io/kubernetes-id",
)
"""Annotations whose value is another name of the service."""
_SELECTORS = (
    "alertmanager/labels",
    "grafana/alert-label-selector",
    "backstage.io/kubernetes-label-selector",
)
"""Annotations with `label=value` pairs of the service's alerts; those that name services count."""
_PAIR = re.compile(r"^\s*([\w./-]+)\s*=~?\s*[\"']?([\w ./-]+?)[\"']?\s*$")
_LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class _Entity:
    """One document of one file. `at` says where it stands, for complaints."""

    kind: str
    name: str
    at: str
    owner: str
    system: str
    needs: tuple[str, ...]
    aliases: tuple[str, ...]


def load_backstage(path: Path) -> list[Service]:
    """The services in a file, or in all files under a folder that are called `catalog-info.yaml`,
    in the order of their names.

    A dependency on what none of the files declares is left out: catalogues are kept in many
    repositories. Raises DataError with every mistake as `file:line: what`, one a line.
    """
    problems: list[str] = []
    entities: list[_Entity] = []
    for file in _files(path):
        try:
            documents = parse_all(read_text(file), str(file))
        except DataError as error:
            problems.append(str(error))
            continue
        for written in documents:
            if written.content is not None:
                entities += _Reader(written, str(file), problems).entity()
    services = _together(entities, problems)
    if problems:
        raise DataError("\n".join(problems))
    return services


def _files(path: Path) -> Sequence[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"{path} is neither a file nor a folder")
    # Links are not followed: a checkout may hold one that leads out of the folder, or round.
    found = sorted(
        file
        for name in FILES
        for file in path.rglob(name)
        if file.is_file() and not file.is_symlink()
    )
    if len(found) > MOST_FILES:
        raise DataError(f"{path} holds {len(found)} catalog files; {MOST_FILES} is the most")
    if not found:
        raise DataError(f"{path} holds no {FILES[0]}")
    return found


class _Reader:
    """Reads one document; what is wrong with it goes to `problems`."""

    def __init__(self, written: Written, file: str, problems: list[str]) -> None:
        self._written = written
        self._file = file
        self._problems = problems

    def entity(self) -> Iterator[_Entity]:
        """The entity of the document, where it is of a kind that is read and has a name."""
        kind = self._text((), "kind", is_needed=True)
        if kind not in (*_PARTS, _SYSTEM):
            return
        metadata, spec = self._table("metadata"), self._table("spec")
        name = self._text(("metadata",), "name", is_needed=True)
        if not name:
            return
        annotations = metadata.get("annotations")
        labels = metadata.get("labels")
        yield _Entity(
            kind=kind,
            name=name,
            at=self._at(("metadata", "name")),
            owner=_called(self._text(("spec",), "owner")),
            system=_called(self._text(("spec",), "system")),
            needs=tuple(self._needs(spec)),
            aliases=tuple(
                dict.fromkeys(
                    alias
                    for alias in (*_names_in(annotations), *_labels_in(labels))
                    if alias != name
                )
            ),
        )

    def _table(self, key: str) -> Mapping[str, Any]:
        content = self._written.content
        value = content.get(key) if isinstance(content, dict) else None
        if isinstance(value, dict):
            return value
        if value is not None:
            self._wrong((key,), f"{key} is no mapping")
        return {}

    def _text(self, place: Place, key: str, *, is_needed: bool = False) -> str:
        value: Any = self._written.content
        for step in place:
            value = value.get(step) if isinstance(value, dict) else None
        if not isinstance(value, dict) and not place:
            self._wrong((), "a mapping with kind, metadata and spec is expected")
            return ""
        found = value.get(key) if isinstance(value, dict) else None
        where = ".".join(map(str, (*place, key)))
        if found is None or found == "":
            if is_needed:
                self._wrong((*place, key), f"{where} is missing")
            return ""
        if not isinstance(found, str) or len(found) > _LONGEST_NAME:
            self._wrong((*place, key), f"{where} is no text of at most {_LONGEST_NAME} characters")
            return ""
        return found.strip()

    def _needs(self, spec: Mapping[str, Any]) -> Iterator[str]:
        listed = spec.get("dependsOn") or []
        if not isinstance(listed, list):
            self._wrong(("spec", "dependsOn"), "spec.dependsOn is no list")
            return
        for number, one in enumerate(listed):
            if not isinstance(one, str):
                self._wrong(("spec", "dependsOn", number), f"spec.dependsOn[{number}] is no text")
                continue
            kind, colon, _ = one.partition(":")
            if not colon or kind.strip().capitalize() in _PARTS:
                yield _called(one)

    def _at(self, place: Place) -> str:
        return f"{self._file}:{self._written.line_of(place)}"

    def _wrong(self, place: Place, what: str) -> None:
        self._problems.append(f"{self._at(place)}: {what}")


def _called(reference: str) -> str:
    """The name in an entity reference: `group:default/team-a` is team-a."""
    return reference.strip().rpartition(":")[2].rpartition("/")[2]


def _names_in(annotations: object) -> Iterator[str]:
    if not isinstance(annotations, dict):
        return
    for key in _NAMES:
        value = annotations.get(key)
        if isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST_NAME:
            yield value.strip()
    for key in _SELECTORS:
        value = annotations.get(key)
        for part in value.split(",") if isinstance(value, str) else ():
            pair = _PAIR.match(part)
            if pair is not None and pair[1] in SERVICE_LABELS:
                yield pair[2]


def _labels_in(labels: object) -> Iterator[str]:
    if isinstance(labels, dict):
        for key in SERVICE_LABELS:
            value = labels.get(key)
            if isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST_NAME:
                yield value.strip()


def _together(entities: Sequence[_Entity], problems: list[str]) -> list[Service]:
    owners: dict[str, str] = {}
    parts: dict[str, _Entity] = {}
    for entity in entities:
        if entity.kind == _SYSTEM:
            owners[entity.name] = entity.owner
            continue
        before = parts.setdefault(entity.name, entity)
        if before is not entity:
            problems.append(f"{entity.at}: {entity.name!r} is declared at {before.at} already")
    return [
        Service(
            name=one.name,
            owner=one.owner or owners.get(one.system, ""),
            aliases=one.aliases,
            depends_on=tuple(
                dict.fromkeys(need for need in one.needs if need in parts and need != one.name)
            ),
        )
        for one in parts.values()
    ]


def with_backstage(declared: Sequence[Service], found: Sequence[Service]) -> list[Service]:
    """`declared` first, as services.yaml has them, then what only Backstage knows.

    Where both know a service, Backstage adds the names and dependencies that are missing, and the
    owner where none is named. A name that is taken stays with whom it was given to first.
    """
    names: dict[str, str] = {}
    for service in declared:
        for name in (service.name, *service.aliases):
            names.setdefault(name.lower(), service.name)
    own = {service.name: service for service in declared}
    renamed = {one.name: names.get(one.name.lower(), one.name) for one in found}
    for one in found:
        names.setdefault(one.name.lower(), one.name)
    for one in found:
        name = renamed[one.name]
        known = own.get(name, Service(name=name))
        aliases = [alias for alias in one.aliases if names.setdefault(alias.lower(), name) == name]
        needs = [renamed[need] for need in one.depends_on if renamed[need] != name]
        own[name] = Service(
            name=name,
            tier=known.tier,
            owner=known.owner or one.owner,
            aliases=tuple(dict.fromkeys((*known.aliases, *aliases))),
            depends_on=tuple(dict.fromkeys((*known.depends_on, *needs))),
        )
    return list(own.values())
