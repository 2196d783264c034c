"""ActionTemplate: one action that a team has allowed, as it is written in YAML.

Everything that may run is here: text from alerts, logs, runbooks and chat never chooses a
command, it can only fill typed parameters of a template.
"""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from bot.actions.binaries import why_not_binary
from bot.channels.model import ClockTime, TimeZone
from bot.people.model import Role
from bot.suggestions.model import Value

SCHEMA_ID = "urn:recall:schema:action-template:1"
PLACEHOLDER = re.compile(r"\$\{([a-z][a-z0-9_]*)\}", re.ASCII)
SECRET = re.compile(r"\$\{secret:([A-Z][A-Z0-9_]*)\}", re.ASCII)
_ANY_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}?")
_NAME = r"[a-z][a-z0-9_]{0,39}"
_ID = r"[a-z][a-z0-9-]{0,59}"
_LENGTH = re.compile(r"([0-9]{1,6})(s|m|h|d)", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def read_length(value: object) -> object:
    """`90s`, `15m`, `2h`, `1d` as a timedelta; anything else is left for the error message."""
    if isinstance(value, timedelta):
        return value
    match = _LENGTH.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write a length of time as a number with s, m, h or d, such as 15m")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def written_length(length: timedelta) -> str:
    """The shortest way to write a length that `read_length` reads again."""
    seconds = int(length.total_seconds())
    for unit in ("d", "h", "m"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{seconds // _SECONDS[unit]}{unit}"
    return f"{seconds}s"


Length = Annotated[
    timedelta,
    BeforeValidator(read_length),
    PlainSerializer(written_length, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,6}[smhd]$"}),
]


def _known_pattern(pattern: str) -> str:
    try:
        re.compile(pattern, re.ASCII)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return pattern


def _known_secrets_only(text: str) -> str:
    for found in _ANY_PLACEHOLDER.finditer(text):
        if not (PLACEHOLDER.fullmatch(found[0]) or SECRET.fullmatch(found[0])):
            raise ValueError(f"{found[0]!r} is no placeholder; write ${{name}} or ${{secret:NAME}}")
    return text


def _no_secret(text: str) -> str:
    if "${secret:" in text:
        raise ValueError(
            "a secret may stand only in `env` and `headers`: everything else is shown to approvers"
        )
    return _known_secrets_only(text)


Filled = Annotated[str, Field(max_length=2_000), AfterValidator(_no_secret)]
"""Text with `${parameter}` placeholders, shown to the approver as it will run."""
Secretive = Annotated[str, Field(max_length=2_000), AfterValidator(_known_secrets_only)]
"""Text that may name secrets of the runner as well, by name."""
Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,59}$")]
Header = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,59}$")]
Name = Annotated[str, Field(pattern=f"^{_NAME}$")]
TemplateId = Annotated[str, Field(pattern=f"^{_ID}$")]


class Risk(StrEnum):
    READ = "read"
    LOW = "low"
    HIGH = "high"
    CRITICAL = "critical"


class Parameter(Value):
    """Something to fill in. `default_from` names labels of the incident's alerts, the first
    that is there and is valid is the default. `hosts` come from the inventory, `service` from
    services.yaml."""

    name: Name
    type: Literal["string", "enum", "integer", "service", "host", "duration"]
    label: Annotated[str, Field(max_length=100)] = ""
    description: Annotated[str, Field(max_length=300)] = ""
    pattern: Annotated[str, Field(max_length=300), AfterValidator(_known_pattern)] | None = None
    choices: tuple[Annotated[str, Field(min_length=1, max_length=75)], ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    shortest: Length | None = None
    longest: Length | None = None
    default: Annotated[str, Field(max_length=256)] = ""
    default_from: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = ()

    @model_validator(mode="after")
    def _fits_its_type(self) -> "Parameter":
        if self.type == "string" and self.pattern is None:
            raise ValueError("a string needs a `pattern` that all of it must match")
        if self.type == "enum" and not self.choices:
            raise ValueError("an enum needs `choices`")
        if self.type == "integer" and (self.minimum is None or self.maximum is None):
            raise ValueError("an integer needs `minimum` and `maximum`")
        if self.type == "duration" and (self.shortest is None or self.longest is None):
            raise ValueError("a duration needs `shortest` and `longest`")
        return self


class Command(Value):
    """A program of this machine, started without a shell. `argv[0]` is an absolute path without
    placeholders. `env` is all of its environment beside PATH, HOME and LANG."""

    argv: Annotated[tuple[Filled, ...], Field(min_length=1, max_length=64)]
    folder: Annotated[str, Field(pattern=r"^/[^\x00]*$", max_length=500)] = "/"
    env: dict[Variable, Secretive] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _runs_a_program(self) -> "Command":
        if problem := why_not_binary(self.argv[0]):
            raise ValueError(problem)
        if bad := {"PATH", "HOME", "LANG"} & set(self.env) or {
            name for name in self.env if name.startswith(("LD_", "DYLD_", "PYTHON", "BASH"))
        }:
            raise ValueError(f"`env` may not set {', '.join(sorted(bad))}")
        return self


def _plain_host(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write an http or https address with its host")
    if "$" in parts.netloc or "@" in parts.netloc:
        raise ValueError("the host stands in the template as it is: no placeholder, no user")
    return url


class Http(Value):
    """A request. Placeholders in `url` fill its path and query, percent-encoded; those in `body`
    fill texts of the JSON. The host must be in the runner's list."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: Annotated[
        str, Field(max_length=1_000), AfterValidator(_no_secret), AfterValidator(_plain_host)
    ]
    headers: dict[Header, Secretive] = Field(default_factory=dict)
    body: Any = None
    expect: tuple[Annotated[int, Field(ge=100, le=599)], ...] = (200, 201, 202, 204)

    @model_validator(mode="after")
    def _body_is_texts(self) -> "Http":
        for text in texts_of(self.body):
            _no_secret(text)
        if any("\r" in value or "\n" in value for value in self.headers.values()):
            raise ValueError("a header is one line")
        return self


def texts_of(value: Any) -> list[str]:
    """Every text in a JSON value, keys too."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in texts_of(part)]
    if isinstance(value, list | tuple):
        return [text for part in value for text in texts_of(part)]
    return []


class People(Value):
    """Who may: everybody of `role` and above, and those that are named as TEAM_ID/USER_ID."""

    role: Role | None = None
    people: tuple[Annotated[str, Field(pattern=r"^[A-Z0-9]+/[A-Z0-9]+$")], ...] = ()

    @model_validator(mode="after")
    def _somebody(self) -> "People":
        if self.role is Role.GUEST:
            raise ValueError("guests hold no right; name responder, lead or admin")
        if self.role is None and not self.people:
            raise ValueError("name a `role` or `people`")
        return self


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Window(Value):
    """When it may run: these days from `start` to `end`, over midnight too."""

    days: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    start: ClockTime = "00:00"
    end: ClockTime = "00:00"
    time_zone: TimeZone = "UTC"


class Limits(Value):
    """How many of this template run at once and start within an hour."""

    at_once: Annotated[int, Field(ge=1, le=100)] = 1
    per_hour: Annotated[int, Field(ge=1, le=1_000)] = 10


class HttpCheck(Value):
    """Something that is asked over HTTP. `field` is a path such as `data.value` in the JSON
    answer, which must then be `above` or `below` a number or be `equal` to a text."""

    request: Http
    field: Annotated[str, Field(max_length=200)] = ""
    above: float | None = None
    below: float | None = None
    equal: Annotated[str, Field(max_length=200)] | None = None

    @model_validator(mode="after")
    def _only_asks(self) -> "HttpCheck":
        if self.request.method != "GET":
            raise ValueError("a check only reads: its method is GET")
        if not self.field and (self.above, self.below, self.equal) != (None, None, None):
            raise ValueError("`above`, `below` and `equal` need a `field`")
        return self


class Precondition(Value):
    """What must hold right before it runs, else nothing is run."""

    says: Annotated[str, Field(min_length=1, max_length=200)]
    http: HttpCheck | None = None
    command: Command | None = None

    @model_validator(mode="after")
    def _one(self) -> "Precondition":
        if (self.http is None) == (self.command is None):
            raise ValueError("give either `http` or `command`")
        return self


class Verification(Value):
    """How it is known that it helped: the incident's alerts are resolved, or a check holds, and
    has held for `stays`, at the latest `within` after it ran."""

    alert_resolved: bool = False
    http: HttpCheck | None = None
    within: Length = timedelta(minutes=15)
    stays: Length = timedelta(0)

    @model_validator(mode="after")
    def _one(self) -> "Verification":
        if self.alert_resolved == (self.http is not None):
            raise ValueError("give either `alert_resolved: true` or `http`")
        if self.stays > self.within:
            raise ValueError("`stays` is at most `within`")
        return self


class Rollback(Value):
    """The action that undoes this one. `parameters` are texts with this one's placeholders."""

    template: TemplateId
    parameters: dict[Name, Filled] = Field(default_factory=dict)


class ActionTemplate(Value):
    """One action. Every field is described in docs/actions.md."""

    id: TemplateId
    version: Annotated[int, Field(ge=1)]
    title: Annotated[str, Field(min_length=1, max_length=75)]
    description: Annotated[str, Field(max_length=1_000)] = ""
    risk: Risk
    parameters: tuple[Parameter, ...] = ()
    executor: Literal["command", "http"]
    command: Command | None = None
    http: Http | None = None
    environments: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = ()
    channels: tuple[Annotated[str, Field(pattern=r"^[A-Z0-9]+/[CGD][A-Z0-9]+$")], ...] = ()
    may_request: People = People(role=Role.RESPONDER)
    may_approve: People = People(role=Role.LEAD)
    approvals: Annotated[int, Field(ge=0, le=5)] = 1
    four_eyes: bool = True
    windows: tuple[Window, ...] = ()
    ignores_freeze: bool = False
    expires_after: Length = timedelta(minutes=30)
    cool_down: Length = timedelta(0)
    limits: Limits = Limits()
    targets: tuple[Filled, ...] = ()
    most_targets: Annotated[int, Field(ge=1, le=100)] = 1
    dry_run: Command | Http | None = None
    preconditions: tuple[Precondition, ...] = ()
    verification: Verification | None = None
    rollback: Rollback | None = None
    idempotent: bool = False
    timeout: Length = timedelta(seconds=60)
    most_output: Annotated[int, Field(ge=1_000, le=200_000)] = 20_000

    @model_validator(mode="after")
    def _hangs_together(self) -> "ActionTemplate":
        for problem in _contradictions(self):
            raise ValueError(problem)
        return self


def _contradictions(template: ActionTemplate) -> list[str]:
    problems: list[str] = []
    if (template.command is not None, template.http is not None) != (
        template.executor == "command",
        template.executor == "http",
    ):
        problems.append(f"`executor: {template.executor}` needs `{template.executor}` and no other")
    if template.dry_run is not None and isinstance(template.dry_run, Command) != (
        template.executor == "command"
    ):
        problems.append(f"`dry_run` must be for the executor {template.executor}, too")
    names = [one.name for one in template.parameters]
    problems += [f"the parameter {n!r} is there twice" for n in names if names.count(n) > 1][:1]
    if template.risk is not Risk.READ:
        if template.approvals < 1:
            problems.append("only `risk: read` may run without an approval")
        if template.verification is None:
            problems.append("what changes something needs a `verification`")
        if not template.targets:
            problems.append("what changes something names its `targets`")
    if template.risk in (Risk.HIGH, Risk.CRITICAL) and not template.four_eyes:
        problems.append(f"`risk: {template.risk}` needs `four_eyes: true`")
    if template.risk is Risk.CRITICAL and template.approvals < 2:
        problems.append("`risk: critical` needs at least 2 approvals")
    if not timedelta(seconds=1) <= template.timeout <= timedelta(hours=6):
        problems.append("`timeout` is between 1s and 6h")
    if not timedelta(minutes=1) <= template.expires_after <= timedelta(days=7):
        problems.append("`expires_after` is between 1m and 7d")
    used = {name for text in texts_of(_filled(template)) for name in PLACEHOLDER.findall(text)}
    problems += [f"${{{name}}} is used but is no parameter" for name in sorted(used - set(names))]
    return problems


def _filled(template: ActionTemplate) -> Any:
    """All that may hold placeholders, as plain values."""
    return template.model_dump(
        mode="json",
        include={
            "command",
            "http",
            "targets",
            "dry_run",
            "preconditions",
            "verification",
            "rollback",
        },
    )


def json_schema() -> dict[str, Any]:
    """The published JSON Schema (draft 2020-12) of one template file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **ActionTemplate.model_json_schema(),
        "title": "Recall action template",
    }
