"""Reading `services.yaml`."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import DataError
from bot.services.backstage import load_backstage, with_backstage
from bot.services.catalogue import Catalogue
from bot.services.model import Service
from bot.strict_yaml import parse, read_text

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


def load_catalogue(path: Path | None, backstage: Path | None = None) -> Catalogue:
    """The catalogue in `path`, and then in the Backstage file or folder; an empty one for None.

    Raises DataError naming the file and every mistake in it.
    """
    declared = Catalogue() if path is None else parse_catalogue(read_text(path), str(path))
    if backstage is None:
        return declared
    services = with_backstage(list(declared.services.values()), load_backstage(backstage))
    return Catalogue(services, declared.environments)


def parse_catalogue(text: str, name: str = "services.yaml") -> Catalogue:
    """The catalogue written in `text`. Raises DataError with every mistake, one a line."""
    content = parse(text, name).content
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
