"""ActionTemplate: one action that a team has allowed, as it is written in YAML.

Everything that may run is here: text from alerts, logs, runbooks and chat never chooses a
command, it can only fill typed parameters of a template.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from bot.actions.blocks import Ansible, Command, Http, Kubernetes, Ssh
from bot.actions.fields import (
    PLACEHOLDER,
    Filled,
    Length,
    Name,
    TemplateId,
    known_pattern,
    texts_of,
)
from bot.actions.queries import LogsQuery, PrometheusQuery, SqlRead, placed
from bot.channels.model import ClockTime, TimeZone
from bot.people.model import Role
from bot.suggestions.model import Value

SCHEMA_ID = "urn:recall:schema:action-template:1"
ExecutorName = Literal[
    "command",
    "http",
    "kubernetes",
    "ssh",
    "ansible",
    "prometheus_query",
    "logs_query",
    "sql_read",
]
READERS = ("prometheus_query", "logs_query", "sql_read")
"""Executors that only read."""
_TRIES = ("kubernetes", "ansible")
"""Executors that can try their own step without changing anything."""


class Risk(StrEnum):
    READ = "read"
    LOW = "low"
    HIGH = "high"
    CRITICAL = "critical"


class Parameter(Value):
    """Something to fill in. `default_from` names labels of the incident's alerts, the first
    that is there and is valid is the default. A `host` and an `object` of Kubernetes (of
    one `kind`) come from the inventory, a `service` from services.yaml."""

    name: Name
    type: Literal["string", "enum", "integer", "service", "host", "duration", "object"]
    label: Annotated[str, Field(max_length=100)] = ""
    description: Annotated[str, Field(max_length=300)] = ""
    pattern: Annotated[str, Field(max_length=300), AfterValidator(known_pattern)] | None = None
    choices: tuple[Annotated[str, Field(min_length=1, max_length=75)], ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    shortest: Length | None = None
    longest: Length | None = None
    kind: Literal["deployment", "statefulset", "daemonset", "pod", "cronjob", "node"] | None = None
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
        if self.kind is not None and self.type != "object":
            raise ValueError("`kind` is for `type: object` alone")
        return self


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
    executor: ExecutorName
    command: Command | None = None
    http: Http | None = None
    kubernetes: Kubernetes | None = None
    ssh: Ssh | None = None
    ansible: Ansible | None = None
    prometheus_query: PrometheusQuery | None = None
    logs_query: LogsQuery | None = None
    sql_read: SqlRead | None = None
    environments: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = ()
    channels: tuple[Annotated[str, Field(pattern=r"^[A-Z0-9]+/[CGD][A-Z0-9]+$")], ...] = ()
    may_request: People = People(role=Role.RESPONDER)
    may_approve: People = People(role=Role.LEAD)
    approvals: Annotated[int, Field(ge=0, le=5)] = 1
    four_eyes: bool = True
    approve_in: Literal["chat", "console"] = "chat"
    windows: tuple[Window, ...] = ()
    ignores_freeze: bool = False
    expires_after: Length = timedelta(minutes=30)
    cool_down: Length = timedelta(0)
    limits: Limits = Limits()
    targets: tuple[Filled, ...] = ()
    most_targets: Annotated[int, Field(ge=1, le=100)] = 1
    dry_run: Command | Http | bool | None = None
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
    blocks = [name for name in get_args(ExecutorName) if getattr(template, name) is not None]
    if blocks != [template.executor]:
        problems.append(f"`executor: {template.executor}` needs `{template.executor}` and no other")
    problems += _dry_run_problems(template)
    if template.executor in READERS and template.risk is not Risk.READ:
        problems.append(f"`executor: {template.executor}` only reads: write `risk: read`")
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
    problems += _query_problems(template)
    used = {name for text in texts_of(_filled(template)) for name in PLACEHOLDER.findall(text)}
    problems += [f"${{{name}}} is used but is no parameter" for name in sorted(used - set(names))]
    return problems


def _dry_run_problems(template: ActionTemplate) -> list[str]:
    dry, name = template.dry_run, template.executor
    if dry is True and name not in _TRIES:
        return [f"`dry_run: true` is for {' and '.join(_TRIES)}; write what to run instead"]
    fits = (
        isinstance(dry, bool)
        or (isinstance(dry, Command) and name == "command")
        or (isinstance(dry, Http) and name == "http")
    )
    return [] if dry is None or fits else [f"`dry_run` must be for the executor {name}, too"]


def _query_problems(template: ActionTemplate) -> list[str]:
    """Outside of quotes a query takes only what is a number or a length of time."""
    block = template.prometheus_query or template.logs_query
    if block is None:
        return []
    kinds = {one.name: one.type for one in template.parameters}
    return [
        f"${{{name}}} stands outside of quotes, so it must be an integer or a duration"
        for name, place in placed(block.query)
        if place == "bare" and kinds.get(name) not in ("integer", "duration", None)
    ]


def _filled(template: ActionTemplate) -> Any:
    """All that may hold placeholders, as plain values."""
    return template.model_dump(
        mode="json",
        include={
            *get_args(ExecutorName),
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
