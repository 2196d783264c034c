"""The frozen copy: exactly what will run, under the one hash that the approver sees. Pure."""

import shlex
from collections.abc import Mapping
from datetime import timedelta
from html import escape
from typing import Any, Literal
from urllib.parse import quote

from pydantic import ValidationError

from bot.actions.catalogue import ActionCatalogue
from bot.actions.digest import canonical, digest_of
from bot.actions.parameters import Known, WrongValues, checked
from bot.actions.template import (
    PLACEHOLDER,
    SECRET,
    ActionTemplate,
    Command,
    Http,
    HttpCheck,
    Length,
    Precondition,
    Risk,
    Verification,
)
from bot.suggestions.model import Value

LONGEST_SHOWN = 2_400
"""Characters of what will run, as a platform escapes them: an approver must be able to see all
of it in one message."""


class Step(Value):
    """One thing to run, with nothing left to fill in but the names of secrets."""

    command: Command | None = None
    http: Http | None = None

    @property
    def shown(self) -> str:
        """All of it as a person reads it."""
        if self.command is not None:
            parts = [shlex.join(self.command.argv)]
            if self.command.folder != "/":
                parts.append(f"in {self.command.folder}")
            parts += [f"with {name}={value}" for name, value in sorted(self.command.env.items())]
            return "\n".join(parts)
        assert self.http is not None
        parts = [f"{self.http.method} {self.http.url}"]
        parts += [f"{name}: {value}" for name, value in sorted(self.http.headers.items())]
        if self.http.body is not None:
            parts.append(canonical(self.http.body))
        return "\n".join(parts)


class Undo(Value):
    """The action that takes it back, its parameters filled in."""

    template_id: str
    parameters: dict[str, str]


class Frozen(Value):
    """What was asked for. `template_digest` is over the whole template, so that an edit of any
    of its rules after the approval is noticed by the runner."""

    template_id: str
    version: int
    template_digest: str
    title: str
    risk: Risk
    executor: Literal["command", "http"]
    parameters: dict[str, str]
    step: Step
    dry_run: Step | None = None
    preconditions: tuple[Precondition, ...] = ()
    verification: Verification | None = None
    targets: tuple[str, ...] = ()
    environment: str | None = None
    incident_key: str = ""
    undo: Undo | None = None
    idempotent: bool = False
    timeout: Length = timedelta(seconds=60)
    most_output: int = 20_000

    @property
    def digest(self) -> str:
        """SHA-256 hex over all of it."""
        return digest_of(self.model_dump(mode="json"))


def freeze(
    catalogue: ActionCatalogue,
    template: ActionTemplate,
    given: Mapping[str, str],
    known: Known,
    *,
    environment: str | None,
    incident_key: str,
) -> Frozen:
    """Fill in a template. Raises WrongValues, under "" for what no one parameter is to blame."""
    values = checked(template, given, known)
    try:
        frozen = _filled(catalogue, template, values, environment, incident_key)
    except ValidationError as error:
        raise WrongValues({"": f"cannot be filled in: {error.errors()[0]['msg']}"}) from None
    if len(escape(frozen.step.shown, quote=False)) > LONGEST_SHOWN:
        raise WrongValues({"": "what would run is too long for an approver to see all of it"})
    return frozen


def _filled(
    catalogue: ActionCatalogue,
    template: ActionTemplate,
    values: Mapping[str, str],
    environment: str | None,
    incident_key: str,
) -> Frozen:
    step = Step(
        command=_command(template.command, values) if template.command else None,
        http=_http(template.http, values) if template.http else None,
    )
    return Frozen(
        template_id=template.id,
        version=template.version,
        template_digest=catalogue.digest(template.id),
        title=template.title,
        risk=template.risk,
        executor=template.executor,
        parameters=dict(values),
        step=step,
        dry_run=_dry_run(template, values),
        preconditions=tuple(_precondition(one, values) for one in template.preconditions),
        verification=_verification(template.verification, values),
        targets=tuple(dict.fromkeys(_text(one, values) for one in template.targets)),
        environment=environment,
        incident_key=incident_key,
        undo=_undo(template, values),
        idempotent=template.idempotent,
        timeout=template.timeout,
        most_output=template.most_output,
    )


def _dry_run(template: ActionTemplate, values: Mapping[str, str]) -> Step | None:
    match template.dry_run:
        case Command() as command:
            return Step(command=_command(command, values))
        case Http() as http:
            return Step(http=_http(http, values))
        case _:
            return None


def _undo(template: ActionTemplate, values: Mapping[str, str]) -> Undo | None:
    if template.rollback is None:
        return None
    filled = {name: _text(text, values) for name, text in template.rollback.parameters.items()}
    return Undo(template_id=template.rollback.template, parameters=filled)


def _text(text: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values[match[1]], text)


def _secretive(text: str, values: Mapping[str, str]) -> str:
    """Filled in, and naming the very secrets that the template names: no value adds one."""
    filled = _text(text, values)
    if SECRET.findall(filled) != SECRET.findall(text):
        raise WrongValues({"": "what is filled in may not name a secret"})
    return filled


def _command(command: Command, values: Mapping[str, str]) -> Command:
    argv = [command.argv[0]]
    for argument in command.argv[1:]:
        filled = _text(argument, values)
        if argument.startswith("${") and filled.startswith("-"):
            raise WrongValues({"": f"{filled!r} could be taken for an option of {argv[0]}"})
        argv.append(filled)
    env = {name: _secretive(text, values) for name, text in command.env.items()}
    return Command(argv=tuple(argv), folder=command.folder, env=env)


def _in_url(text: str, values: Mapping[str, str]) -> str:
    """Percent-encoded whole, so that a value is one piece of a path or query; a piece that is
    dots alone would lead out of its folder."""

    def filled(match: Any) -> str:
        value = values[match[1]]
        if set(value) <= {"."}:
            raise WrongValues({str(match[1]): "may not be dots alone"})
        return quote(value, safe="")

    return PLACEHOLDER.sub(filled, text)


def _http(http: Http, values: Mapping[str, str]) -> Http:
    return Http(
        method=http.method,
        url=_in_url(http.url, values),
        headers={name: _secretive(text, values) for name, text in http.headers.items()},
        body=_in_json(http.body, values),
        expect=http.expect,
    )


def _in_json(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _text(value, values)
    if isinstance(value, dict):
        return {key: _in_json(part, values) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_in_json(part, values) for part in value]
    return value


def _check(check: HttpCheck, values: Mapping[str, str]) -> HttpCheck:
    return check.model_copy(update={"request": _http(check.request, values)})


def _precondition(one: Precondition, values: Mapping[str, str]) -> Precondition:
    return Precondition(
        says=_text(one.says, values)[:200],
        http=_check(one.http, values) if one.http else None,
        command=_command(one.command, values) if one.command else None,
    )


def _verification(one: Verification | None, values: Mapping[str, str]) -> Verification | None:
    if one is None or one.http is None:
        return one
    return one.model_copy(update={"http": _check(one.http, values)})
