"""GitHub deployments: webhooks `deployment` and `deployment_status`, as changes."""

from collections.abc import Mapping
from typing import Any

from bot.alerts.changes import Change, ChangeStatus
from bot.alerts.fingerprint import fingerprint_of_key
from bot.alerts.json_body import shown
from bot.alerts.lenient import first, links_of, moment, needed, no_body_of, table, text
from bot.errors import BadPayload, NotAnAlert

NAME = "github"
TOOL = "GitHub"

_STATES = {
    "pending": ChangeStatus.PENDING,
    "queued": ChangeStatus.PENDING,
    "waiting": ChangeStatus.PENDING,
    "in_progress": ChangeStatus.RUNNING,
    "success": ChangeStatus.SUCCEEDED,
    "failure": ChangeStatus.FAILED,
    "error": ChangeStatus.FAILED,
    "inactive": ChangeStatus.INACTIVE,
}


def parse(payload: object) -> list[Change]:
    """The one change of a body. Raises BadPayload, NotAnAlert for what deploys nothing."""
    body = table(payload)
    if not body:
        raise no_body_of(TOOL, payload, "an object with $.deployment")
    deployment = table(body, "deployment")
    if not deployment:
        if "zen" in body or "repository" in body or "hook" in body:
            raise NotAnAlert(
                f"$.deployment is missing (action {shown(text(body, 'action'))}): "
                "only deployments and their statuses are read"
            )
        raise no_body_of(TOOL, payload, "an object with $.deployment")
    return [_change(body, deployment, table(body, "deployment_status"))]


def _change(
    body: Mapping[str, Any], deployment: Mapping[str, Any], status: Mapping[str, Any]
) -> Change:
    repository = table(body, "repository")
    identity = needed(text(deployment, "id"), "$.deployment.id", TOOL)
    full_name = first(text(repository, "full_name"), text(repository, "name"))
    sha = text(deployment, "sha")
    ref = text(deployment, "ref")
    state = _state(status)
    environment = first(text(status, "environment"), text(deployment, "environment"))
    payload = table(deployment, "payload")
    service = first(
        text(payload, "service"), text(payload, "app"), text(repository, "name"), full_name
    )
    service = needed(service, "$.repository.name", TOOL)
    version = first(text(payload, "version"), sha, ref)
    at = first(text(status, "created_at"), text(status, "updated_at"))
    at = first(at, text(deployment, "updated_at"), text(deployment, "created_at"))
    words = f"{service} {short(ref, sha)} to {environment or 'an unnamed environment'}"
    said = first(text(status, "description"), text(deployment, "description"))
    repository_url = text(repository, "html_url")
    return Change(
        source=NAME,
        key=fingerprint_of_key(NAME, f"deployment/{full_name}/{identity}"),
        service=service,
        environment=environment,
        version=version,
        previous=text(payload, "previous_version"),
        status=state,
        at=moment(at),
        actor=first(
            text(deployment, "creator", "login"),
            text(status, "creator", "login"),
            text(body, "sender", "login"),
        ),
        summary=f"{words}: {state}" + (f" ({said})" if said else ""),
        links=links_of(
            ("log", first(text(status, "log_url"), text(status, "target_url"))),
            ("source", first(text(body, "workflow_run", "html_url"), repository_url)),
            ("environment", status.get("environment_url")),
            ("commit", f"{repository_url}/commit/{sha}" if repository_url and sha else ""),
        ),
    )


def short(ref: str, sha: str) -> str:
    """A version as people say it: the ref, and seven characters of the commit."""
    named = ref if ref and not sha.startswith(ref) and len(ref) < 100 else ""
    return " ".join(part for part in (named, sha[:7]) if part)


def _state(status: Mapping[str, Any]) -> ChangeStatus:
    if not status:
        return ChangeStatus.PENDING
    word = text(status, "state").lower()
    found = _STATES.get(word)
    if found is None:
        raise BadPayload(
            f"$.deployment_status.state is {shown(word)}; {', '.join(_STATES)} are expected"
        )
    return found
