"""A local server that speaks the Kubernetes API's paths: objects by path, patches by content
type, deletions, jobs, dry runs, and Status bodies for what goes wrong."""

import copy
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments/"
PATCHES = ("application/strategic-merge-patch+json", "application/json-patch+json")


REPLICA_SETS = "/apis/apps/v1/namespaces/shop/replicasets"
JOBS = "/apis/batch/v1/namespaces/shop/jobs"
REVISION = "deployment.kubernetes.io/revision"


def replica_set(of: str, revision: int, image: str) -> dict[str, Any]:
    """A revision of a deployment, as its controller keeps it."""
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": of, "uid": f"uid-{of}"}
    labels = {"app": of, "pod-template-hash": f"h{revision}"}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{of}-{revision}",
            "namespace": "shop",
            "labels": labels,
            "annotations": {REVISION: str(revision)},
            "ownerReferences": [{**owner, "controller": True}],
        },
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "a", "image": image}]},
            },
        },
    }


def pod(name: str, *, is_controlled: bool = True) -> dict[str, Any]:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-2", "uid": "rs"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-{name}",
            "ownerReferences": [{**owner, "controller": True}] if is_controlled else [],
        },
        "spec": {"containers": [{"name": "a", "image": "a:1"}]},
    }


def node(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {}}


def cron_job(name: str) -> dict[str, Any]:
    job = {
        "metadata": {"labels": {"app": name}},
        "spec": {
            "template": {
                "spec": {
                    "containers": [{"name": "a", "image": "a:1"}],
                    "restartPolicy": "Never",
                }
            }
        },
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}"},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": job},
    }


def deployment(name: str, *, is_slow: bool = False) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}", "generation": 1},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "a", "image": "a:1"}]},
            },
        },
        "status": {
            "observedGeneration": 1,
            "replicas": 2,
            "updatedReplicas": 0 if is_slow else 2,
            "availableReplicas": 2,
        },
    }


class KubernetesApi:
    """`seen` is (method, path, query, content type, body); `objects` what the cluster holds."""

    def __init__(self, token: str) -> None:
        self.job_ends = "Complete"
        self.seen: list[tuple[str, str, dict[str, list[str]], str, Any]] = []
        self.objects = {
            DEPLOYMENTS + "web": deployment("web"),
            DEPLOYMENTS + "slow": deployment("slow", is_slow=True),
            "/api/v1/nodes/node-1": node("node-1"),
            "/api/v1/namespaces/shop/pods/web-x": pod("web-x"),
            "/api/v1/namespaces/shop/pods/alone": pod("alone", is_controlled=False),
            "/apis/batch/v1/namespaces/shop/cronjobs/report": cron_job("report"),
        }
        self.replica_sets = [replica_set("web", 1, "a:0"), replica_set("web", 2, "a:1")]
        self.objects[DEPLOYMENTS + "web"]["metadata"]["annotations"] = {REVISION: "2"}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def answer(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size) or b"null")
                kind = self.headers.get("Content-Type") or ""
                if self.headers.get("Authorization") != f"Bearer {token}":
                    code, said = 401, outer.status(401, "Unauthorized", "Unauthorized")
                else:
                    code, said = outer.deal(self.command, self.path, kind, body)
                text = json.dumps(said).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PATCH = do_POST = do_DELETE = answer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @staticmethod
    def status(code: int, reason: str, message: str) -> dict[str, Any]:
        values = {"reason": reason, "message": message, "code": code, "status": "Failure"}
        return {"apiVersion": "v1", "kind": "Status", "metadata": {}, **values}

    def deal(self, method: str, target: str, kind: str, body: Any) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        self.seen.append((method, parts.path, query, kind, body))
        is_kept = query.get("dryRun") != ["All"]
        if method == "GET" and parts.path == REPLICA_SETS:
            return 200, {"apiVersion": "apps/v1", "kind": "List", "items": self.replica_sets}
        if method == "POST" and parts.path == JOBS:
            done = {"type": self.job_ends, "status": "True", "reason": "BackoffLimitExceeded"}
            job = body | {"status": {"conditions": [done]}}
            if is_kept:
                self.objects[f"{JOBS}/{body['metadata']['name']}"] = job
            return 201, job
        if parts.path.endswith("/scale"):
            return self._scale(method, parts.path.removesuffix("/scale"), body, is_kept=is_kept)
        found = self.objects.get(parts.path)
        if found is None:
            name = parts.path.rpartition("/")[2]
            return 404, self.status(404, "NotFound", f'deployments.apps "{name}" not found')
        if method == "GET":
            return 200, found
        if method == "DELETE":
            wanted = ((body or {}).get("preconditions") or {}).get("uid")
            if wanted != found["metadata"]["uid"]:
                return 409, self.status(409, "Conflict", "the uid is another one")
            if is_kept:
                del self.objects[parts.path]
            return 200, found
        if kind not in PATCHES:
            return 415, self.status(415, "UnsupportedMediaType", kind)
        changed = copy.deepcopy(found)
        if kind == PATCHES[1]:
            if problem := apply_operations(changed, body):
                return 422, self.status(422, "Invalid", problem)
        else:
            merge(changed, body)
        if "status" in changed:
            changed["metadata"]["generation"] += 1
            changed["status"]["observedGeneration"] += 1
        if is_kept:
            self.objects[parts.path] = changed
        return 200, changed

    def _scale(
        self, method: str, path: str, body: Any, *, is_kept: bool
    ) -> tuple[int, dict[str, Any]]:
        """The scale subresource of a deployment, whose pods are there at once."""
        found = self.objects.get(path)
        if found is None:
            return 404, self.status(404, "NotFound", path)
        if method == "PATCH" and is_kept:
            count = body["spec"]["replicas"]
            found["spec"]["replicas"] = count
            found["status"] |= {
                "replicas": count,
                "updatedReplicas": count,
                "availableReplicas": count,
            }
        scale = {"replicas": found["spec"]["replicas"]}
        metadata = {"name": found["metadata"]["name"], "namespace": "shop"}
        return 200, {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": metadata,
            "spec": scale,
            "status": scale,
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, dict):
            merge(into.setdefault(key, {}), value)
        else:
            into[key] = value


def apply_operations(into: dict[str, Any], operations: list[dict[str, Any]]) -> str:
    """JSON Patch, as much of it as is sent: test and replace. What is wrong, "" when nothing is."""
    for one in operations:
        names = [part.replace("~1", "/").replace("~0", "~") for part in one["path"].split("/")[1:]]
        place = into
        for name in names[:-1]:
            place = place.get(name, {})
        if one["op"] == "test" and place.get(names[-1]) != one["value"]:
            return f"the test of {one['path']} failed"
        if one["op"] == "replace":
            place[names[-1]] = one["value"]
    return ""
