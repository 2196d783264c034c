"""The frozen copy: exactly what will run, under the one hash that the approver sees. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from html import escape

from pydantic import ValidationError

from bot.actions.blocks import Ansible, Command, Http, Kubernetes, Ssh
from bot.actions.catalogue import ActionCatalogue
from bot.actions.digest import digest_of
from bot.actions.fields import Length
from bot.actions.filling import (
    fill_ansible,
    fill_command,
    fill_http,
    fill_kubernetes,
    fill_query,
    fill_sql,
    fill_ssh,
    fill_text,
)
from bot.actions.parameters import Known, WrongValues, checked
from bot.actions.queries import LogsQuery, PrometheusQuery, SqlRead
from bot.actions.template import (
    ActionTemplate,
    ExecutorName,
    HttpCheck,
    Precondition,
    Risk,
    Verification,
)
from bot.suggestions.model import Value

LONGEST_SHOWN = 2_400
"""Characters of what will run, as a platform escapes them: an approver must be able to see all
of it in one message."""


class Step(Value):
    """One thing to run, with nothing left to fill in but the names of secrets: the block of one
    executor."""

    command: Command | None = None
    http: Http | None = None
    kubernetes: Kubernetes | None = None
    ssh: Ssh | None = None
    ansible: Ansible | None = None
    prometheus_query: PrometheusQuery | None = None
    logs_query: LogsQuery | None = None
    sql_read: SqlRead | None = None

    @property
    def shown(self) -> str:
        """All of it as a person reads it."""
        blocks = (
            self.command,
            self.http,
            self.kubernetes,
            self.ssh,
            self.ansible,
            self.prometheus_query,
            self.logs_query,
            self.sql_read,
        )
        return "\n".join(block.shown for block in blocks if block is not None)


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
    executor: ExecutorName
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
    block = getattr(template, template.executor)
    step = _step(block, values, catalogue)
    return Frozen(
        template_id=template.id,
        version=template.version,
        template_digest=catalogue.digest(template.id),
        title=template.title,
        risk=template.risk,
        executor=template.executor,
        parameters=dict(values),
        step=step,
        dry_run=_dry_run(template, step, values, catalogue),
        preconditions=tuple(_precondition(one, values) for one in template.preconditions),
        verification=_verification(template.verification, values),
        targets=tuple(dict.fromkeys(fill_text(one, values) for one in template.targets)),
        environment=environment,
        incident_key=incident_key,
        undo=_undo(template, values),
        idempotent=template.idempotent,
        timeout=template.timeout,
        most_output=template.most_output,
    )


def _step(block: object, values: Mapping[str, str], catalogue: ActionCatalogue) -> Step:
    match block:
        case Command():
            return Step(command=fill_command(block, values))
        case Http():
            return Step(http=fill_http(block, values))
        case Kubernetes():
            return Step(kubernetes=fill_kubernetes(block, values, catalogue))
        case Ssh():
            return Step(ssh=fill_ssh(block, values, catalogue))
        case Ansible():
            return Step(ansible=fill_ansible(block, values, catalogue))
        case PrometheusQuery():
            return Step(prometheus_query=fill_query(block, values))
        case LogsQuery():
            return Step(logs_query=fill_query(block, values))
        case SqlRead():
            return Step(sql_read=fill_sql(block, values))
        case _:
            raise TypeError(f"{type(block).__name__} is no block of an executor")


def _dry_run(
    template: ActionTemplate, step: Step, values: Mapping[str, str], catalogue: ActionCatalogue
) -> Step | None:
    """`dry_run: true` is the step itself, which its executor then only tries."""
    if template.dry_run is None or template.dry_run is False:
        return None
    if template.dry_run is not True:
        return _step(template.dry_run, values, catalogue)
    only_tried = {"dry_run": True}
    if step.kubernetes is not None:
        return Step(kubernetes=step.kubernetes.model_copy(update=only_tried))
    assert step.ansible is not None  # the template's own check
    return Step(ansible=step.ansible.model_copy(update=only_tried))


def _undo(template: ActionTemplate, values: Mapping[str, str]) -> Undo | None:
    if template.rollback is None:
        return None
    filled = {name: fill_text(text, values) for name, text in template.rollback.parameters.items()}
    return Undo(template_id=template.rollback.template, parameters=filled)


def _check(check: HttpCheck, values: Mapping[str, str]) -> HttpCheck:
    return check.model_copy(update={"request": fill_http(check.request, values)})


def _precondition(one: Precondition, values: Mapping[str, str]) -> Precondition:
    return Precondition(
        says=fill_text(one.says, values)[:200],
        http=_check(one.http, values) if one.http else None,
        command=fill_command(one.command, values) if one.command else None,
    )


def _verification(one: Verification | None, values: Mapping[str, str]) -> Verification | None:
    if one is None or one.http is None:
        return one
    return one.model_copy(update={"http": _check(one.http, values)})
