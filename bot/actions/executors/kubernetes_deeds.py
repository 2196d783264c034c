"""What the kubernetes executor can do, each as kubectl does it, and waiting until it is done."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.actions.blocks import Kubernetes
from bot.actions.executors.port import Ended, Outcome, Run

MANAGER = "recall"
_LOOK_SECONDS = 0.5
_REQUEST_SECONDS = 10.0
_REVISION = "deployment.kubernetes.io/revision"
_RESTARTED = "kubectl.kubernetes.io/restartedAt"
_HASH_LABEL = "pod-template-hash"
_LONGEST_JOB_BASE = 40
_SECRETIVE_REASON = 300


class Pace:
    """The deadline and the wish to stop, looked at between requests."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._until = time.monotonic() + run.seconds

    @property
    def left(self) -> float:
        """Seconds, at least a tenth of one."""
        return max(0.1, self._until - time.monotonic())

    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    def wait(self) -> None:
        """Until it is time for another look."""
        until = time.monotonic() + min(_LOOK_SECONDS, self.left)
        while time.monotonic() < until and not self.run.cancelled():
            time.sleep(0.05)


@dataclass(slots=True)
class Cluster:
    """One API, and the one object of it that this is about."""

    client: Any
    api: Any
    block: Kubernetes
    pace: Pace
    is_sent: bool = field(default=False)
    """Whether a change is on its way: then what is not answered may have happened."""

    @property
    def name(self) -> str:
        return self.block.object.rpartition("/")[2]

    @property
    def kind(self) -> str:
        return self.block.object.partition("/")[0]

    @property
    def namespace(self) -> str:
        return self.block.object.split("/")[1]

    def read(self, call: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Ask for something."""
        return call(*args, _request_timeout=min(_REQUEST_SECONDS, self.pace.left), **more)

    def change(self, call: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Change something, or only try it."""
        self.is_sent = not self.block.dry_run
        if self.block.dry_run:
            more["dry_run"] = "All"
        answer = self.read(call, *args, **more)
        self.is_sent = False
        return answer

    def say(self, line: str) -> None:
        self.pace.run.on_output(f"{line}\n".encode())

    def said(self, error: Any) -> str:
        """What the API's Status object says, else the status alone."""
        try:
            status = json.loads(error.body or "")
            told = f"{status['reason']}: {status['message']}"
        except (ValueError, KeyError, TypeError):
            told = str(error.reason or "it did not answer as an API does")
        return f"it answered with {error.status}, {told[:_SECRETIVE_REASON]}"

    def lost(self, why: str, *, is_unsent: bool) -> Outcome:
        if is_unsent or not self.is_sent:
            return Outcome(Ended.FAILED, detail=f"nothing was changed: {why}")
        return Outcome(
            Ended.UNKNOWN, detail=f"it was sent, and what became of it is not known: {why}"
        )

    def done(self) -> Outcome:
        return Outcome(Ended.OK, 200)

    def until(self, look: Callable[[], Outcome | str]) -> Outcome:
        """Look until there is an outcome; what is said meanwhile is told once each."""
        last = ""
        while True:
            found = look()
            if isinstance(found, Outcome):
                return found
            if found != last:
                self.say(found)
                last = found
            if self.pace.run.cancelled():
                return Outcome(
                    Ended.CANCELLED, detail="was not waited for any more; it goes on by itself"
                )
            if self.pace.is_over():
                seconds = self.pace.run.seconds
                told = f"was changed, and is not done after {seconds:.0f} s ({found})"
                return Outcome(Ended.TIMED_OUT, detail=told)
            self.pace.wait()


def _apps(cluster: Cluster, deed: str, part: str = "") -> Callable[..., Any]:
    name = f"{deed}_namespaced_{_KINDS[cluster.kind]}{part}"
    found: Callable[..., Any] = getattr(cluster.client.AppsV1Api(cluster.api), name)
    return found


_KINDS = {"deployment": "deployment", "statefulset": "stateful_set", "daemonset": "daemon_set"}


def _patch(cluster: Cluster, body: Any, part: str = "") -> Any:
    return cluster.change(
        _apps(cluster, "patch", part),
        cluster.name,
        cluster.namespace,
        body,
        field_manager=MANAGER,
    )


def rollout_restart(cluster: Cluster) -> Outcome:
    """As `kubectl rollout restart`: a new annotation of the pods' template."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    _patch(cluster, {"spec": {"template": {"metadata": {"annotations": {_RESTARTED: now}}}}})
    return _rolled_out(cluster)


def scale(cluster: Cluster) -> Outcome:
    """As `kubectl scale`, through the scale subresource."""
    was = cluster.read(_apps(cluster, "read", "_scale"), cluster.name, cluster.namespace)
    wanted = int(cluster.block.replicas)
    _patch(cluster, {"spec": {"replicas": wanted}}, "_scale")
    cluster.say(f"scaled from {was.spec.replicas or 0} to {wanted}")
    return _rolled_out(cluster)


def rollout_undo(cluster: Cluster) -> Outcome:
    """As `kubectl rollout undo`: the pods' template of the revision before this one. The patch
    tests the revision that was seen, so that a rollout in between is not undone unseen."""
    seen = cluster.read(_apps(cluster, "read"), cluster.name, cluster.namespace)
    labels = seen.spec.selector.match_labels or {}
    listed = cluster.read(
        cluster.client.AppsV1Api(cluster.api).list_namespaced_replica_set,
        cluster.namespace,
        label_selector=",".join(f"{key}={value}" for key, value in sorted(labels.items())),
    )
    now = _revision(seen.metadata)
    own = [
        one
        for one in listed.items
        if any(o.uid == seen.metadata.uid for o in one.metadata.owner_references or [])
        and 0 < _revision(one.metadata) < now
    ]
    if not own:
        return Outcome(Ended.FAILED, detail="it has no revision before this one")
    before = max(own, key=lambda one: _revision(one.metadata))
    template = cluster.api.sanitize_for_serialization(before.spec.template)
    template.get("metadata", {}).get("labels", {}).pop(_HASH_LABEL, None)
    path = f"/metadata/annotations/{_REVISION.replace('/', '~1')}"
    _patch(
        cluster,
        [
            {"op": "test", "path": path, "value": str(now)},
            {"op": "replace", "path": "/spec/template", "value": template},
        ],
    )
    cluster.say(f"from revision {now} back to revision {_revision(before.metadata)}")
    return _rolled_out(cluster)


def _revision(metadata: Any) -> int:
    text = (metadata.annotations or {}).get(_REVISION, "0")
    return int(text) if text.isdecimal() else 0


def _rolled_out(cluster: Cluster) -> Outcome:
    if cluster.block.dry_run:
        cluster.say("the API would take it")
        return cluster.done()
    return cluster.until(lambda: _look(cluster))


def _look(cluster: Cluster) -> Outcome | str:
    one = cluster.read(_apps(cluster, "read"), cluster.name, cluster.namespace)
    status = one.status
    if (status.observed_generation or 0) < (one.metadata.generation or 0):
        return "waits until the change is seen"
    if cluster.kind == "daemonset":
        wanted, new = status.desired_number_scheduled or 0, status.updated_number_scheduled or 0
        ready, all_there = status.number_available or 0, wanted
    else:
        wanted, new = one.spec.replicas or 0, status.updated_replicas or 0
        ready = (
            status.available_replicas if cluster.kind == "deployment" else status.ready_replicas
        ) or 0
        all_there = status.replicas or 0
    told = f"{new} of {wanted} are new, {ready} are ready"
    if new >= wanted and ready >= wanted and all_there <= wanted:
        cluster.say(f"done: {told}")
        return cluster.done()
    stuck = [c for c in getattr(status, "conditions", None) or [] if c.type == "Progressing"]
    if any(c.status == "False" and c.reason == "ProgressDeadlineExceeded" for c in stuck):
        return Outcome(Ended.FAILED, detail=f"the rollout is stuck: {told}")
    return told


def cordon(cluster: Cluster) -> Outcome:
    """As `kubectl cordon`: nothing new is placed on the node."""
    core = cluster.client.CoreV1Api(cluster.api)
    seen = cluster.read(core.read_node, cluster.name)
    if seen.spec.unschedulable:
        cluster.say(f"{cluster.name} is cordoned already")
        return cluster.done()
    body = {"spec": {"unschedulable": True}}
    cluster.change(core.patch_node, cluster.name, body, field_manager=MANAGER)
    cluster.say(f"{cluster.name} takes no new pods")
    return cluster.done()


def delete_pod(cluster: Cluster) -> Outcome:
    """Deletes the very pod that was seen, if something will make a new one."""
    core = cluster.client.CoreV1Api(cluster.api)
    seen = cluster.read(core.read_namespaced_pod, cluster.name, cluster.namespace)
    if not any(one.controller for one in seen.metadata.owner_references or []):
        return Outcome(Ended.REFUSED, detail="nothing would make that pod anew")
    uid = seen.metadata.uid
    cluster.change(
        core.delete_namespaced_pod,
        cluster.name,
        cluster.namespace,
        body={"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}},
    )
    cluster.say(f"{cluster.name} is being deleted")
    if cluster.block.dry_run:
        return cluster.done()
    return cluster.until(lambda: _gone(cluster, core, uid))


def _gone(cluster: Cluster, core: Any, uid: str) -> Outcome | str:
    try:
        seen = cluster.read(core.read_namespaced_pod, cluster.name, cluster.namespace)
    except cluster.client.ApiException as error:
        if error.status == 404:
            return cluster.done()
        raise
    return "waits until it has ended" if seen.metadata.uid == uid else cluster.done()


def job_from_cronjob(cluster: Cluster) -> Outcome:
    """As `kubectl create job --from=cronjob/...`, and waits until it has ended."""
    batch = cluster.client.BatchV1Api(cluster.api)
    cron = cluster.read(batch.read_namespaced_cron_job, cluster.name, cluster.namespace)
    template = cluster.api.sanitize_for_serialization(cron.spec.job_template)
    metadata = template.get("metadata") or {}
    name = f"{cluster.name[:_LONGEST_JOB_BASE].rstrip('-.')}-recall-{int(time.time())}"
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": cluster.name,
        "uid": cron.metadata.uid,
    }
    manual = {"cronjob.kubernetes.io/instantiate": "manual"}
    body = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "labels": metadata.get("labels") or {},
            "annotations": manual | (metadata.get("annotations") or {}),
            "ownerReferences": [owner],
        },
        "spec": template["spec"],
    }
    cluster.change(batch.create_namespaced_job, cluster.namespace, body, field_manager=MANAGER)
    cluster.say(f"job {name}")
    if cluster.block.dry_run:
        return cluster.done()
    return cluster.until(lambda: _job_ended(cluster, batch, name))


def _job_ended(cluster: Cluster, batch: Any, name: str) -> Outcome | str:
    job = cluster.read(batch.read_namespaced_job, name, cluster.namespace)
    for condition in job.status.conditions or []:
        if condition.status == "True" and condition.type == "Complete":
            return cluster.done()
        if condition.status == "True" and condition.type == "Failed":
            return Outcome(Ended.FAILED, detail=f"the job failed: {condition.reason or ''}")
    return f"{job.status.active or 0} pods run"


DEEDS: Mapping[str, Callable[[Cluster], Outcome]] = {
    "rollout_restart": rollout_restart,
    "rollout_undo": rollout_undo,
    "scale": scale,
    "cordon": cordon,
    "delete_pod": delete_pod,
    "job_from_cronjob": job_from_cronjob,
}
