"""Reading `services.yaml`."""

from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import DataError
from bot.services.catalogue import Catalogue
from bot.services.model import Service

_MOST_BYTES = 5 * 1_048_576
_DEEPEST = 16
Name = Annotated[str, Field(min_length=1, max_length=256)]


class _Service(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name
    tier: Annotated[int, Field(ge=0, le=9)] | None = None
    owner: str = ""
    aliases: list[Name] = []
    depends_on: list[Name] = []


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    services: list[_Service] = []
    environments: list[Name] = []


class _UniqueKeys(yaml.SafeLoader):
    """The safe loader, but a key given twice is an error instead of a silent overwrite.

    What is nested deeper than any catalogue is refused as soon as it is met: the scanner's
    time grows with the square of the depth.
    """

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self._depth >= _DEEPEST:
            where = parent.start_mark if parent is not None else None
            raise yaml.composer.ComposerError(None, None, "it is nested too deep", where)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} appears twice", key_node.start_mark
                )
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep=deep)


def load_catalogue(path: Path | None) -> Catalogue:
    """The catalogue in `path`; an empty one for None.

    Raises DataError naming the file and every mistake in it.
    """
    if path is None:
        return Catalogue()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if len(text) > _MOST_BYTES:
        raise DataError(f"{path} is larger than {_MOST_BYTES} bytes")
    return parse_catalogue(text, str(path))


def read_yaml(text: str) -> Any:
    """What `text` holds, by the safe loader that refuses keys given twice and deep nesting.

    Raises yaml.YAMLError, RecursionError or ValueError.
    """
    return yaml.load(text, Loader=_UniqueKeys)  # noqa: S506 - a safe loader's subclass


def parse_catalogue(text: str, name: str = "services.yaml") -> Catalogue:
    """The catalogue written in `text`. Raises DataError with every mistake, one a line."""
    try:
        content = read_yaml(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DataError(f"{name} is not YAML: {error}") from None
    if content is None:
        return Catalogue()
    if not isinstance(content, dict):
        raise DataError(f"{name}: a mapping with `services` and `environments` is expected")
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        problems = [
            f"{name}: {'.'.join(map(str, detail['loc']))}: {detail['msg']}"
            for detail in error.errors(include_url=False, include_input=False)
        ]
        raise DataError("\n".join(problems)) from None
    problems = _contradictions(file, name)
    if problems:
        raise DataError("\n".join(problems))
    return Catalogue(
        [
            Service(
                name=service.name,
                tier=service.tier,
                owner=service.owner,
                aliases=tuple(service.aliases),
                depends_on=tuple(service.depends_on),
            )
            for service in file.services
        ],
        file.environments,
    )


def _contradictions(file: _File, name: str) -> list[str]:
    owner_of: dict[str, str] = {}
    problems: list[str] = []
    for service in file.services:
        for word in {service.name.lower(), *(alias.lower() for alias in service.aliases)}:
            other = owner_of.setdefault(word, service.name)
            if other != service.name:
                problems.append(f"{name}: {word!r} names both {other} and {service.name}")
    names = [service.name for service in file.services]
    problems += [
        f"{name}: the service {twice!r} is declared twice"
        for twice in sorted({one for one in names if names.count(one) > 1})
    ]
    problems += [
        f"{name}: {service.name} depends on {needed!r}, which is not declared"
        for service in file.services
        for needed in service.depends_on
        if needed not in names
    ]
    return problems
