"""GitLab deployments: the deployment and the pipeline webhook, as changes.

A pipeline is a change for each job of it that deploys; without such a job, if it ran on the
default branch or a tag.
"""

from collections.abc import Mapping
from typing import Any

from bot.alerts.changes import Change, ChangeStatus
from bot.alerts.fingerprint import fingerprint_of_key
from bot.alerts.json_body import shown
from bot.alerts.lenient import first, links_of, moment, needed, no_body_of, rows, table, text
from bot.alerts.reading import MAX_ALERTS
from bot.alerts.sources.github import short
from bot.errors import BadPayload, NotAnAlert

NAME = "gitlab"
TOOL = "GitLab"

_STATES = {
    "created": ChangeStatus.PENDING,
    "pending": ChangeStatus.PENDING,
    "waiting_for_resource": ChangeStatus.PENDING,
    "preparing": ChangeStatus.PENDING,
    "scheduled": ChangeStatus.PENDING,
    "manual": ChangeStatus.PENDING,
    "blocked": ChangeStatus.PENDING,
    "running": ChangeStatus.RUNNING,
    "success": ChangeStatus.SUCCEEDED,
    "failed": ChangeStatus.FAILED,
    "canceled": ChangeStatus.CANCELLED,
    "canceling": ChangeStatus.CANCELLED,
    "cancelled": ChangeStatus.CANCELLED,
    "skipped": ChangeStatus.CANCELLED,
}


def parse(payload: object) -> list[Change]:
    """The changes of a body. Raises BadPayload, NotAnAlert for what deploys nothing."""
    body = table(payload)
    kind = first(text(body, "object_kind"), text(body, "event_type"), text(body, "event_name"))
    if kind == "deployment":
        return [_deployment(body)]
    if kind == "pipeline":
        return _pipeline(body)
    if kind:
        raise NotAnAlert(f"$.object_kind is {shown(kind)}: only deployments and pipelines are read")
    raise no_body_of(TOOL, payload, "an object with $.object_kind")


def _deployment(body: Mapping[str, Any]) -> Change:
    project = table(body, "project")
    identity = needed(
        first(text(body, "deployment_id"), text(body, "deployable_id")), "$.deployment_id", TOOL
    )
    commit = text(body, "commit_url")
    sha = first(commit.rstrip("/").rpartition("/")[2], text(body, "short_sha"))
    return _built(
        project,
        f"deployment/{_path(project)}/{identity}",
        environment=text(body, "environment"),
        sha=sha,
        ref=text(body, "ref"),
        status=_state(text(body, "status"), "$.status"),
        at=text(body, "status_changed_at"),
        actor=first(text(body, "user", "username"), text(body, "user", "name")),
        said=text(body, "commit_title"),
        links={
            "source": first(text(body, "deployable_url"), text(project, "web_url")),
            "environment": text(body, "environment_external_url"),
            "commit": commit,
        },
    )


def _pipeline(body: Mapping[str, Any]) -> list[Change]:
    project = table(body, "project")
    pipeline = table(body, "object_attributes")
    identity = needed(text(pipeline, "id"), "$.object_attributes.id", TOOL)
    common: dict[str, Any] = {
        "sha": first(text(pipeline, "sha"), text(body, "commit", "id")),
        "ref": text(pipeline, "ref"),
        "actor": first(text(body, "user", "username"), text(body, "user", "name")),
        "said": text(body, "commit", "title"),
        "links": {
            "source": first(
                text(pipeline, "url"),
                f"{text(project, 'web_url')}/-/pipelines/{identity}"
                if text(project, "web_url")
                else "",
            ),
            "commit": text(body, "commit", "url"),
        },
    }
    found: list[Change] = []
    for index, job in enumerate(rows(body, "builds")[:MAX_ALERTS]):
        environment = text(job, "environment", "name")
        if not environment or text(job, "environment", "action") in ("stop", "verify", "access"):
            continue
        found.append(
            _built(
                project,
                f"job/{_path(project)}/{text(job, 'id') or index}",
                environment=environment,
                status=_state(text(job, "status"), f"$.builds[{index}].status"),
                at=first(
                    text(job, "finished_at"), text(job, "started_at"), text(job, "created_at")
                ),
                **common,
            )
        )
    if found:
        return found
    ref = text(pipeline, "ref")
    if ref != text(project, "default_branch") and pipeline.get("tag") is not True:
        raise NotAnAlert(
            "$.builds has no job with an environment, and the pipeline runs on neither the "
            "default branch nor a tag: it deploys nothing"
        )
    return [
        _built(
            project,
            f"pipeline/{_path(project)}/{identity}",
            environment="",
            status=_state(text(pipeline, "status"), "$.object_attributes.status"),
            at=first(text(pipeline, "finished_at"), text(pipeline, "created_at")),
            **common,
        )
    ]


def _built(
    project: Mapping[str, Any],
    key: str,
    *,
    environment: str,
    sha: str,
    ref: str,
    status: ChangeStatus,
    at: str,
    actor: str,
    said: str,
    links: Mapping[str, str],
) -> Change:
    service = needed(
        first(_path(project).rpartition("/")[2], text(project, "name")), "$.project.name", TOOL
    )
    where = f" to {environment}" if environment else ""
    return Change(
        source=NAME,
        key=fingerprint_of_key(NAME, key),
        service=service,
        environment=environment,
        version=first(sha, ref),
        status=status,
        at=moment(at),
        actor=actor,
        summary=f"{' '.join(f'{service} {short(ref, sha)}{where}'.split())}: {status}"
        + (f" ({said})" if said else ""),
        links=links_of(*links.items()),
    )


def _path(project: Mapping[str, Any]) -> str:
    return first(text(project, "path_with_namespace"), text(project, "name"), text(project, "id"))


def _state(word: str, path: str) -> ChangeStatus:
    found = _STATES.get(word.lower())
    if found is None:
        raise BadPayload(f"{path} is {shown(word)}; {', '.join(_STATES)} are expected")
    return found
