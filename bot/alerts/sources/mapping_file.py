"""Mapping files: how the body of a tool becomes alerts, as YAML that a team can write itself.

The file's name is the source's name. Every mistake in it is found when it is read, and told with
the file, the field and the reason. `docs/sources.md` shows the fields with an example.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from bot.alerts.model import Severity
from bot.alerts.sources.authentication import Kind, read_kind
from bot.alerts.sources.expressions import BadExpression, Expression
from bot.errors import SettingsError

NAME_PATTERN = re.compile(r"^[a-z][a-z0-9_-]{0,62}$")
_LARGEST_FILE = 100_000


def _compiles(written: str) -> str:
    try:
        Expression(written)
    except BadExpression as error:
        raise ValueError(f"is not an expression: {error}") from None
    return written


Written = Annotated[str, Field(min_length=1), AfterValidator(_compiles)]
Words = tuple[str, ...]
Ways = tuple[Written, ...]
"""Expressions that are tried in order; the first that finds something counts."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @staticmethod
    def one_or_more(value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @staticmethod
    def each_listed(value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {str(key): _Part.one_or_more(one) for key, one in value.items()}


class StatusPart(_Part):
    """Which words mean that an alert fires or is over; what any other means is `otherwise`."""

    of: Ways = ()
    firing: Words = ()
    resolved: Words = ()
    otherwise: Literal["firing", "resolved", "refuse"] = "firing"

    _listed = field_validator("of", mode="before")(_Part.one_or_more)

    @field_validator("firing", "resolved", mode="before")
    @classmethod
    def _as_words(cls, value: object) -> object:
        return _lowered(value)


class SeverityPart(_Part):
    """A tool's words for how bad it is; those not listed are read as usual ("critical", "P1")."""

    of: Ways = ()
    critical: Words = ()
    high: Words = ()
    warning: Words = ()
    info: Words = ()
    unknown: Words = ()

    _listed = field_validator("of", mode="before")(_Part.one_or_more)

    @field_validator("critical", "high", "warning", "info", "unknown", mode="before")
    @classmethod
    def _as_words(cls, value: object) -> object:
        return _lowered(value)

    def table(self) -> dict[str, Severity]:
        return {word: level for level in Severity for word in getattr(self, level.value)}


class LabelsPart(_Part):
    """`take` finds objects, arrays or texts of pairs, wholesale; `named` one label each."""

    take: Ways = ()
    named: dict[str, Ways] = {}
    drop: Words = ()

    _listed = field_validator("take", mode="before")(_Part.one_or_more)

    _each = field_validator("named", mode="before")(_Part.each_listed)


class AlertPart(_Part):
    """Where each field of an alert is. `key` is all of its parts together; without it, name and
    labels identify the alert. `changed_at` is when it came into the state that it is in."""

    name: Ways
    status: StatusPart = StatusPart()
    severity: SeverityPart = SeverityPart()
    key: Ways = ()
    starts_at: Ways = ()
    ends_at: Ways = ()
    changed_at: Ways = ()
    summary: Ways = ()
    description: Ways = ()
    group_key: Ways = ()
    labels: LabelsPart = LabelsPart()
    identity_labels: Words = ()
    links: dict[str, Ways] = {}

    _listed = field_validator(
        "name",
        "key",
        "starts_at",
        "ends_at",
        "changed_at",
        "summary",
        "description",
        "group_key",
        mode="before",
    )(_Part.one_or_more)

    _each = field_validator("links", mode="before")(_Part.each_listed)


class ChangePart(_Part):
    """Where each field of a change is."""

    service: Ways
    key: Ways
    environment: Ways = ()
    version: Ways = ()
    status: Ways = ()
    at: Ways = ()
    actor: Ways = ()
    summary: Ways = ()
    links: dict[str, Ways] = {}

    _listed = field_validator(
        "service",
        "key",
        "environment",
        "version",
        "status",
        "at",
        "actor",
        "summary",
        mode="before",
    )(_Part.one_or_more)

    _each = field_validator("links", mode="before")(_Part.each_listed)


class MappingFile(_Part):
    """One tool. `each` finds the array of entries (without it the body is the one entry); of
    them those count for which `when` finds something."""

    version: Literal[1]
    title: Annotated[str, Field(min_length=1, max_length=120)]
    aliases: Words = ()
    authentication: tuple[str, ...] = ("bearer",)
    form: bool = False
    each: Written | None = None
    when: Written | None = None
    unless: Written | None = None
    alert: AlertPart | None = None
    change: ChangePart | None = None

    @field_validator("authentication")
    @classmethod
    def _known_kinds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for kind in value:
            read_kind(kind)
        return value

    @model_validator(mode="after")
    def _one_of_both(self) -> "MappingFile":
        if (self.alert is None) == (self.change is None):
            raise ValueError("give either `alert` or `change`")
        return self

    def kinds(self) -> tuple[Kind, ...]:
        return tuple(read_kind(kind) for kind in self.authentication)


# The same loader in C where YAML's library came with it: five times as fast.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]
    """YAML's safe loader, for which `on`, `off`, `yes` and `no` are words: tools' states are."""


_Loader.yaml_implicit_resolvers = {
    letter: [one for one in resolvers if letter in "tTfF" or one[0] != "tag:yaml.org,2002:bool"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_mapping(path: Path) -> MappingFile:
    """The mapping in the file `path`. Raises SettingsError with every mistake in it."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise SettingsError([f"{path}: it is larger than {_LARGEST_FILE} bytes"])
        written = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: it cannot be read: {error}"]) from None
    return parse_mapping(written, str(path))


def parse_mapping(written: str, where: str) -> MappingFile:
    """The mapping in the text `written`; `where` is what mistakes are told of."""
    if not NAME_PATTERN.match(Path(where).stem):
        raise SettingsError(
            [f"{where}: a file's name becomes the source's: lower-case letters, digits, - and _"]
        )
    try:
        value = yaml.load(written, _Loader)  # noqa: S506 - it is a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SettingsError([f"{where}: it is not YAML: {' '.join(str(error).split())}"]) from None
    if not isinstance(value, dict):
        raise SettingsError([f"{where}: a mapping of fields is expected; see docs/sources.md"])
    try:
        return MappingFile.model_validate(value)
    except ValidationError as error:
        raise SettingsError(
            [f"{where}: {_field(one['loc'])}: {_reason(one['msg'])}" for one in error.errors()]
        ) from None


def _field(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location) or "the whole file"


def _reason(message: str) -> str:
    plain = message.removeprefix("Value error, ")
    return f"{plain[:1].lower()}{plain[1:]}"


def _lowered(value: object) -> object:
    """Words in lower case; YAML reads `1` and `true` as something else than the words they are."""
    listed = value if isinstance(value, list) else [value]
    said = {True: "true", False: "false"}
    return tuple(said[one] if isinstance(one, bool) else str(one).strip().lower() for one in listed)
